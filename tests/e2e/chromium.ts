/**
 * Chromium, driven by its DevTools protocol: https://chromedevtools.github.io/devtools-protocol/.
 *
 * @module
 */
import { fail } from "@std/assert";
import { soon, until } from "./harness.ts";
import { findTool } from "./tools.ts";

/** Parameters and results of the protocol. */
export type Json = Record<string, unknown>;

/** Something that has happened. */
export interface BrowserEvent {
  /** Such as `Network.requestWillBeSent`. */
  readonly method: string;
  /** What belongs to it. */
  readonly params: Json;
}

/** How a page is looked at. */
export interface View {
  /** Width of the window in CSS pixels. */
  readonly width: number;
  /** Height alike. */
  readonly height: number;
  /** What `prefers-color-scheme` says. */
  readonly theme: "light" | "dark";
}

/** A message of the browser. */
interface Message extends Partial<BrowserEvent> {
  readonly id?: number;
  readonly sessionId?: string;
  readonly result?: Json;
  readonly error?: { readonly message: string };
}

/** What is waited for. */
interface Pending {
  resolve(result: Json): void;
  reject(error: Error): void;
}

const ADDRESS = /DevTools listening on (ws:\S+)/;

/** A browser without a window. Disposing it ends it. */
export class Browser implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;
  readonly #reading: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  readonly #pages = new Map<string, Page>();
  #socket?: WebSocket;
  #address?: string;
  #id = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#child = new Deno.Command(findTool("chromium") ?? fail("chromium is not installed"), {
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--no-proxy-server",
        "--hide-scrollbars",
        "--remote-debugging-port=0",
        `--user-data-dir=${folder}`,
        "about:blank",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      env: { HOME: folder },
    }).spawn();
    this.#reading = this.#read();
  }

  /**
   * Starts it.
   *
   * @returns When it can be talked to.
   */
  static async start(): Promise<Browser> {
    const browser = new Browser(await Deno.makeTempDir({ prefix: "chromium-" }));
    try {
      await until("chromium to listen", () => browser.#address !== undefined);
      const socket = browser.#socket = new WebSocket(browser.#address ?? "");
      socket.onmessage = ({ data }) => browser.#take(JSON.parse(data));
      const opened = Promise.withResolvers<void>();
      socket.onopen = () => opened.resolve();
      socket.onerror = () => opened.reject(new Error("chromium does not talk"));
      await soon("chromium to talk", opened.promise);
    } catch (error) {
      await browser[Symbol.asyncDispose]();
      throw error;
    }
    return browser;
  }

  /**
   * Opens a page in a profile of its own.
   *
   * @param url Its address.
   * @param view How it is looked at.
   * @returns When it has loaded.
   */
  async open(url: string, view: View): Promise<Page> {
    const { browserContextId } = await this.call("Target.createBrowserContext", {});
    const { targetId } = await this.call("Target.createTarget", {
      url: "about:blank",
      browserContextId,
    });
    const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, String(sessionId), { targetId, browserContextId });
    this.#pages.set(String(sessionId), page);
    for (const domain of ["Page", "Runtime", "Log", "Network", "Audits", "Accessibility"]) {
      await page.call(`${domain}.enable`);
    }
    await page.look(view);
    await page.call("Page.navigate", { url });
    await until(
      "the page to load",
      () => page.events.some(({ method }) => method === "Page.loadEventFired"),
    );
    return page;
  }

  /**
   * Asks the browser, or one of its pages.
   *
   * @param method What.
   * @param params With what.
   * @param sessionId Which page; absent: the browser itself.
   * @returns The answer.
   * @throws {Error} If the browser won't.
   */
  async call(method: string, params: Json, sessionId?: string): Promise<Json> {
    const id = ++this.#id;
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    this.#pending.set(id, { resolve, reject });
    this.#socket?.send(JSON.stringify({ id, method, params, sessionId }));
    return await soon(`chromium's answer to ${method}`, promise);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const socket = this.#socket;
    if (socket !== undefined && socket.readyState < WebSocket.CLOSING) {
      const closed = new Promise((resolve) => socket.onclose = resolve);
      socket.close();
      await closed;
    }
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It is gone.
    }
    await this.#child.status;
    await this.#reading;
    // Its helpers may still be writing while it is removed.
    await until("chromium's profile to be removed", async () => {
      try {
        await Deno.remove(this.#folder, { recursive: true });
        return true;
      } catch (error) {
        return error instanceof Deno.errors.NotFound;
      }
    });
  }

  #take({ id, sessionId, method, params, result, error }: Message): void {
    if (id !== undefined) {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) pending?.resolve(result ?? {});
      else pending?.reject(new Error(error.message));
    } else if (method !== undefined && sessionId !== undefined) {
      this.#pages.get(sessionId)?.events.push({ method, params: params ?? {} });
    }
  }

  async #read(): Promise<void> {
    let text = "";
    for await (const part of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      text = (text + part).slice(-10_000);
      this.#address ??= text.match(ADDRESS)?.[1];
    }
  }
}

/** A page. */
export class Page {
  /** What has happened so far. */
  readonly events: BrowserEvent[] = [];
  readonly #browser: Browser;
  readonly #sessionId: string;
  readonly #target: Json;

  /**
   * For {@linkcode Browser.open}.
   *
   * @param browser Its browser.
   * @param sessionId What the browser calls it.
   * @param target What is to be closed.
   */
  constructor(browser: Browser, sessionId: string, target: Json) {
    this.#browser = browser;
    this.#sessionId = sessionId;
    this.#target = target;
  }

  /**
   * Asks it.
   *
   * @param method What.
   * @param params With what.
   * @returns The answer.
   */
  call(method: string, params: Json = {}): Promise<Json> {
    return this.#browser.call(method, params, this.#sessionId);
  }

  /**
   * Looks at it in another way.
   *
   * @param view How.
   */
  async look({ width, height, theme }: View): Promise<void> {
    await this.call("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await this.call("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: theme }],
    });
  }

  /**
   * Computes something in it.
   *
   * @param expression JavaScript; a promise is awaited.
   * @returns Its value, which has to be plain data.
   * @throws {Error} If it throws.
   */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value?: unknown }).value;
  }

  /**
   * Waits until something holds in it.
   *
   * @param what What is waited for.
   * @param expression JavaScript that is true then.
   */
  async until(what: string, expression: string): Promise<void> {
    await until(what, async () => await this.evaluate(expression) === true);
  }

  /**
   * What a screen reader is told of.
   *
   * @returns Role and name of everything that is not ignored.
   */
  async accessible(): Promise<{ role: string; name: string }[]> {
    const { nodes } = await this.call("Accessibility.getFullAXTree");
    return (nodes as AccessibleNode[]).filter(({ ignored }) => !ignored)
      .map(({ role, name }) => ({ role: role?.value ?? "", name: name?.value ?? "" }));
  }

  /**
   * Takes a picture of it.
   *
   * @param whole Whether all of it, or what the window shows.
   * @returns A PNG.
   */
  async picture(whole = false): Promise<Uint8Array> {
    const { data } = await this.call("Page.captureScreenshot", {
      format: "png",
      captureBeyondViewport: whole,
      optimizeForSpeed: false,
    });
    return Uint8Array.from(atob(String(data)), (char) => char.charCodeAt(0));
  }

  /** Closes it. */
  async close(): Promise<void> {
    await this.#browser.call("Target.closeTarget", { targetId: this.#target.targetId });
    const { browserContextId } = this.#target;
    await this.#browser.call("Target.disposeBrowserContext", { browserContextId });
  }
}

interface AccessibleNode {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
}

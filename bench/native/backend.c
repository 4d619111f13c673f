// Where tunnels and requests end. One thread, epoll.
//
//   backend PORT MODE [BYTES]     on 127.0.0.1
//
//   MODE answer  answers the first bytes of a connection with BYTES bytes (64), and waits for its end
//        echo    answers the first bytes with 64 bytes, then sends back what comes
//        down    answers the first bytes with BYTES bytes and the end
//        up      reads BYTES bytes in all, answers one, and ends
//        http    answers every request head of HTTP/1.1 with 200 and a body of BYTES bytes
//
// SIGUSR1 makes it print on stdout how many connections it has accepted, on a line. The payload of `down` and `up` is
// never copied to user space.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DESCRIPTORS = 65536, CHUNK = 1 << 20 };
typedef enum { ANSWER, ECHO, DOWN, UP, HTTP, MODES } Mode;
typedef struct { long left, received; int greeted, matched; } Peer;

static const char *const mode_names[MODES] = {"answer", "echo", "down", "up", "http"};
static Peer peer[DESCRIPTORS];
static char in[CHUNK], out[CHUNK];
static Mode mode;
static long bytes = 64, accepted;
static int events, listener, signals, payload, response_length;

static void watch(int operation, int s, unsigned wanted) {
  struct epoll_event event = {.events = wanted, .data.fd = s};
  epoll_ctl(events, operation, s, &event);
}

// These give whether the connection goes on.

static int send_whole(int s, const char *from, long length) {
  while (length > 0) {
    ssize_t n = write(s, from, length);
    if (n < 0 && errno != EAGAIN) return 0;
    if (n > 0) from += n, length -= n;
  }
  return 1;
}

static int send_payload(int s) {
  Peer *p = &peer[s];
  while (p->left > 0) {
    off_t from = 0;
    ssize_t n = sendfile(s, payload, &from, p->left < CHUNK ? p->left : CHUNK);
    if (n < 0 && errno == EAGAIN) return watch(EPOLL_CTL_MOD, s, EPOLLIN | EPOLLOUT), 1;
    if (n <= 0) return 0;
    p->left -= n;
  }
  return 0;
}

static int answer_requests(int s, long length) {
  Peer *p = &peer[s];
  for (long i = 0; i < length; i++) {
    p->matched = in[i] == "\r\n\r\n"[p->matched] ? p->matched + 1 : in[i] == '\r';
    if (p->matched < 4) continue;
    p->matched = 0;
    if (!send_whole(s, out, response_length)) return 0;
  }
  return 1;
}

static int receive(int s) {
  Peer *p = &peer[s];
  int discard = mode == UP && p->greeted;
  ssize_t n = discard ? recv(s, NULL, 1 << 30, MSG_TRUNC) : read(s, in, CHUNK);
  if (n < 0) return errno == EAGAIN;
  if (n == 0) return 0;
  int first = !p->greeted;
  p->greeted = 1;
  p->received += n;
  switch (mode) {
    case ANSWER:
      return !first || send_whole(s, out, bytes);
    case ECHO:
      return first ? send_whole(s, out, 64) : send_whole(s, in, n);
    case DOWN:
      p->left = first ? bytes : p->left;
      return send_payload(s);
    case UP:
      return p->received < bytes || (send_whole(s, out, 1), 0);
    default:
      return answer_requests(s, n);
  }
}

static void accept_all(void) {
  int yes = 1;
  for (int s; (s = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    if (s >= DESCRIPTORS) { close(s); continue; }
    accepted++;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    peer[s] = (Peer){0};
    watch(EPOLL_CTL_ADD, s, EPOLLIN);
  }
}

static void tell_accepted(void) {
  struct signalfd_siginfo ignored;
  if (read(signals, &ignored, sizeof ignored) < 0) return;
  printf("%ld\n", accepted);
  fflush(stdout);
}

static void listen_on(int port) {
  int yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) { perror("backend: listen"); exit(1); }
  watch(EPOLL_CTL_ADD, listener, EPOLLIN);
}

static void listen_to_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signals = signalfd(-1, &set, SFD_NONBLOCK);
  watch(EPOLL_CTL_ADD, signals, EPOLLIN);
}

int main(int words, char **word) {
  if (words < 3) { fprintf(stderr, "usage: backend PORT MODE [BYTES]\n"); return 2; }
  while (mode < MODES && strcmp(word[2], mode_names[mode])) mode++;
  if (mode == MODES) return 2;
  if (words > 3) bytes = atol(word[3]);
  memset(out, 'x', sizeof out);
  if (mode == HTTP) {
    int head = snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %ld\r\n\r\n", bytes);
    out[head] = 'x';
    response_length = head + bytes;
  }
  payload = memfd_create("payload", MFD_CLOEXEC);
  if (ftruncate(payload, CHUNK)) return 1;
  events = epoll_create1(EPOLL_CLOEXEC);
  listen_to_signals();
  listen_on(atoi(word[1]));
  for (;;) {
    struct epoll_event event[512];
    int n = epoll_wait(events, event, 512, -1);
    for (int i = 0; i < n; i++) {
      int s = event[i].data.fd;
      if (s == listener) accept_all();
      else if (s == signals) tell_accepted();
      else {
        int open = 1;
        if (event[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) open = receive(s);
        else if (event[i].events & EPOLLOUT) open = send_payload(s);
        if (!open) close(s);
      }
    }
  }
}

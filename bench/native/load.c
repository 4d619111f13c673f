// Load for proxies that route on the first bytes. One thread, epoll; prints one line of JSON.
//
//   load MODE HOST PORT HELLO [key=value ...]
//
//   MODE connect  connects, sends the file HELLO, reads `bytes` bytes (0: to the end), closes, and again
//        echo     a tunnel's first 64 bytes answer the hello; then it sends `bytes` bytes, reads them back, and again
//        down     reads `bytes` bytes and the end
//        up       sends `bytes` bytes behind the hello and reads one
//   keys: at_once  connections at the same time (1)
//         seconds  for how long (connect, echo)
//         count    connections in all, in place of a time (connect)
//         bytes    see above
//
// The payload of `down` and `up` is never copied to user space: what is measured is the proxy.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS = 65536, CHUNK = 1 << 20, STALL_SECONDS = 10 };
typedef enum { CONNECT, ECHO, DOWN, UP, MODES } Mode;
typedef enum { FREE, CONNECTING, GREETED, TALKING } State;
typedef struct { State state; long received, sent; } Tunnel;

static const char *const mode_names[MODES] = {"connect", "echo", "down", "up"};
static Tunnel tunnel[DESCRIPTORS];
static char buffer[CHUNK], hello[1 << 16];
static ssize_t hello_length;
static Mode mode;
static struct sockaddr_in target = {.sin_family = AF_INET};
static long at_once = 1, count, bytes = 64;
static double seconds = 1;
static int events, payload;
static long opened, done, failed, moved;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void watch(int operation, int s, unsigned wanted) {
  struct epoll_event event = {.events = wanted, .data.fd = s};
  epoll_ctl(events, operation, s, &event);
}

// On loopback clients come from 127.0.1.1 to .250, so that there are ports enough with those in TIME_WAIT.
static void open_tunnel(void) {
  int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
  if (s < 0 || s >= DESCRIPTORS) { perror("load: socket"); exit(1); }
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (ntohl(target.sin_addr.s_addr) >> 24 == 127) {
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(0x7f000101u + opened % 250);
    setsockopt(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    bind(s, (void *)&source, sizeof source);
  }
  opened++;
  tunnel[s] = (Tunnel){.state = CONNECTING};
  connect(s, (void *)&target, sizeof target);
  watch(EPOLL_CTL_ADD, s, EPOLLIN | EPOLLOUT);
}

static int more_to_open(void) {
  if (mode == CONNECT) return count == 0 || opened < count;
  return mode == ECHO && failed < 1000;
}

static void finish(int s, int well) {
  close(s);
  tunnel[s].state = FREE;
  if (!well) failed++;
  else if (mode != ECHO) done++;
  if (more_to_open()) open_tunnel();
}

static void send_payload(int s) {
  Tunnel *t = &tunnel[s];
  while (t->sent < bytes) {
    off_t from = 0;
    long left = bytes - t->sent;
    ssize_t n = sendfile(s, payload, &from, left < CHUNK ? left : CHUNK);
    if (n <= 0) return;
    t->sent += n;
    moved += n;
  }
  watch(EPOLL_CTL_MOD, s, EPOLLIN);
}

static void greet(int s) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error || write(s, hello, hello_length) != hello_length) return finish(s, 0);
  tunnel[s].state = GREETED;
  if (mode != UP) watch(EPOLL_CTL_MOD, s, EPOLLIN);
}

static void ping(int s) {
  Tunnel *t = &tunnel[s];
  if (t->received < (t->state == GREETED ? 64 : bytes)) return;
  if (t->state == TALKING) done++;
  t->state = TALKING;
  t->received = 0;
  if (write(s, buffer, bytes) != bytes) finish(s, 0);
}

static void receive(int s) {
  Tunnel *t = &tunnel[s];
  ssize_t n = recv(s, NULL, 1 << 30, MSG_TRUNC);
  if (n < 0 && errno == EAGAIN) return;
  if (n < 0) return finish(s, 0);
  if (n == 0) return finish(s, (mode == DOWN && t->received == bytes) || (mode == CONNECT && bytes == 0 && t->received));
  t->received += n;
  if (mode != UP) moved += n;
  if (mode == UP) finish(s, t->sent == bytes);
  if (mode == ECHO) ping(s);
  if (mode == CONNECT && bytes > 0 && t->received >= bytes) finish(s, 1);
}

static void handle(int s, unsigned what) {
  if (tunnel[s].state == FREE) return;
  if (tunnel[s].state == CONNECTING) return greet(s);
  if (mode == UP && what & EPOLLOUT) send_payload(s);
  if (what & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(s);
}

static void read_hello(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) { perror(path); exit(2); }
  hello_length = fread(hello, 1, sizeof hello, file);
  fclose(file);
}

static void set(const char *key, const char *value) {
  if (!strcmp(key, "at_once")) at_once = atol(value);
  else if (!strcmp(key, "seconds")) seconds = atof(value);
  else if (!strcmp(key, "count")) count = atol(value);
  else if (!strcmp(key, "bytes")) bytes = atol(value);
  else { fprintf(stderr, "load: unknown key %s\n", key); exit(2); }
}

int main(int words, char **word) {
  if (words < 5) { fprintf(stderr, "usage: load MODE HOST PORT HELLO [key=value ...]\n"); return 2; }
  while (mode < MODES && strcmp(word[1], mode_names[mode])) mode++;
  target.sin_port = htons(atoi(word[3]));
  if (mode == MODES || inet_pton(AF_INET, word[2], &target.sin_addr) != 1) return 2;
  read_hello(word[4]);
  for (int i = 5; i < words; i++) {
    char *value = strchr(word[i], '=');
    if (!value) return 2;
    *value = 0;
    set(word[i], value + 1);
  }
  payload = memfd_create("payload", MFD_CLOEXEC);
  if (ftruncate(payload, CHUNK)) return 1;
  events = epoll_create1(EPOLL_CLOEXEC);

  int timed = mode == ECHO || (mode == CONNECT && count == 0);
  long all = mode == CONNECT ? count : at_once;
  double begin = now(), active = begin, time = begin;
  for (long i = 0; i < at_once && (timed || i < all); i++) open_tunnel();
  while (timed ? time < begin + seconds : done + failed < all) {
    struct epoll_event event[512];
    int n = epoll_wait(events, event, 512, 100);
    for (int i = 0; i < n; i++) handle(event[i].data.fd, event[i].events);
    time = now();
    if (n > 0) active = time;
    if (time - active > STALL_SECONDS) break;
  }
  printf("{\"done\":%ld,\"failed\":%ld,\"seconds\":%.6f,\"bytes\":%ld,\"stalled\":%s}\n", done, failed, time - begin,
         moved, time - active > STALL_SECONDS ? "true" : "false");
  return 0;
}

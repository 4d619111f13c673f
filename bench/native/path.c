// A path with a round-trip time, on one machine, for kernels without netem.
//
//   path MILLISECONDS NEAR FAR COMMAND [ARGUMENT ...]
//
// Runs COMMAND in a network namespace of its own, at address FAR, reached from address NEAR here. Every packet
// between the two is held for MILLISECONDS each way. Both ends are TUN devices of this process and the namespace
// has no name, so that nothing is left behind when it ends, however it ends: that happens when COMMAND ends, and at
// end of file on stdin, which is when whoever started it is gone. Needs root.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PACKETS = 2048, MTU = 1500 };
enum { NEAR, FAR };

typedef struct { long long due; int length; char bytes[MTU]; } Packet;
typedef struct { Packet packet[PACKETS]; unsigned first, end; } Queue;

static Queue queue[2];  // what came in at NEAR, and at FAR
static int tun[2];

static void fail(const char *what) {
  fprintf(stderr, "path: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void bring_up(int control, struct ifreq *request) {
  request->ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(control, SIOCSIFFLAGS, request)) fail("interface up");
}

static struct sockaddr internet(const char *text) {
  union { struct sockaddr any; struct sockaddr_in in; } address = {.in.sin_family = AF_INET};
  if (inet_pton(AF_INET, text, &address.in.sin_addr) != 1) {
    fprintf(stderr, "path: not an IPv4 address: %s\n", text);
    exit(2);
  }
  return address.any;
}

// One end, in the namespace this process is in. Such a device asks for no offloading: the kernel cuts packets to its
// MTU and fills in their checksums before they get here.
static int open_end(const char *own, const char *other) {
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "bench%d"};
  if (ioctl(device, TUNSETIFF, &request)) fail("TUN device");
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) fail("socket");
  request.ifr_addr = internet(own);
  if (ioctl(control, SIOCSIFADDR, &request)) fail(own);
  request.ifr_dstaddr = internet(other);
  if (ioctl(control, SIOCSIFDSTADDR, &request)) fail(other);
  bring_up(control, &request);
  close(control);
  return device;
}

static void enter_namespace(void) {
  if (unshare(CLONE_NEWNET)) fail("network namespace");
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) fail("socket");
  struct ifreq loopback = {.ifr_name = "lo"};
  bring_up(control, &loopback);
  close(control);
}

// Gives a descriptor that is readable when the command has ended.
static int start(char **command, pid_t *child) {
  pid_t parent = getpid();
  *child = fork();
  if (*child < 0) fail("fork");
  if (*child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    execvp(command[0], command);
    fprintf(stderr, "path: %s: %s\n", command[0], strerror(errno));
    _exit(127);
  }
  int ended = syscall(SYS_pidfd_open, *child, 0);
  if (ended < 0) fail("pidfd_open");
  return ended;
}

static void take_in(int end, long long delay) {
  Queue *q = &queue[end];
  for (;;) {
    Packet *p = &q->packet[q->end % PACKETS];
    if (q->end - q->first == PACKETS) return;  // the device drops what does not fit, as a router does
    ssize_t length = read(tun[end], p->bytes, MTU);
    if (length <= 0) return;
    p->length = length;
    p->due = now() + delay;
    q->end++;
  }
}

// Gives nanoseconds until the next packet is due; a second if there is none.
static long long let_out(int end) {
  Queue *q = &queue[end];
  while (q->first != q->end) {
    Packet *p = &q->packet[q->first % PACKETS];
    long long left = p->due - now();
    if (left > 0) return left;
    if (write(tun[!end], p->bytes, p->length) < 0 && errno != EINVAL && errno != EIO) fail("write");
    q->first++;
  }
  return 1000000000;
}

int main(int count, char **word) {
  if (count < 5) {
    fprintf(stderr, "usage: path MILLISECONDS NEAR FAR COMMAND [ARGUMENT ...]\n");
    return 2;
  }
  long long delay = atof(word[1]) * 1e6;
  tun[NEAR] = open_end(word[2], word[3]);
  enter_namespace();
  tun[FAR] = open_end(word[3], word[2]);
  pid_t child;
  int ended = start(word + 4, &child);
  prctl(PR_SET_TIMERSLACK, 1);

  struct pollfd waiting[4] = {
      {tun[NEAR], POLLIN, 0}, {tun[FAR], POLLIN, 0}, {ended, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  for (;;) {
    long long near = let_out(NEAR), far = let_out(FAR), wait = near < far ? near : far;
    struct timespec timeout = {wait / 1000000000, wait % 1000000000};
    if (ppoll(waiting, 4, &timeout, NULL) < 0 && errno != EINTR) fail("poll");
    take_in(NEAR, delay);
    take_in(FAR, delay);
    char byte;
    if (waiting[3].revents && read(STDIN_FILENO, &byte, 1) <= 0) return 0;
    if (waiting[2].revents) {
      int status;
      waitpid(child, &status, 0);
      return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
  }
}

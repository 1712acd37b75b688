/*
 * HTTP/1.1 load over keep-alive connections to 127.0.0.1, from one thread.
 *
 *   load PORT CONNECTIONS SECONDS PER_SECOND FIRST MOST FILE
 *
 * FILE holds whole requests, each after its length (four bytes, little endian); they are sent in turn, the one with
 * index FIRST first. PER_SECOND 0 is a closed loop: a connection sends again as soon as its answer is whole. Otherwise
 * requests fall due at this mean rate, as a Poisson process, and latency counts from the moment a request was due,
 * whether or not a connection was free. No more than MOST requests are sent; 0 means no such bound.
 *
 * Prints one line of JSON: whole answers, their statuses, the first answer that was not a 200, the index that would be
 * sent next, seconds from the first send to the last answer, and latencies in microseconds. A connection that fails,
 * or that the peer closes, ends the run with exit code 1: a request would be missing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 16384, PIECE = 262144, GRACE_SECONDS = 10 };
enum state { HEAD, LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, DONE };

struct request {
  const char *bytes;
  uint32_t length;
};

struct connection {
  int fd;
  enum state state;
  int status;
  int head_length;
  char head[HEAD_MAX];
  uint64_t left;       /* of the body, or of the chunk */
  int line_length;     /* of the chunk size or trailer line so far */
  const struct request *request;
  size_t sent;
  double due;
};

static struct request *requests;
static size_t request_count, next_request;
static struct connection *connections;
static int *idle, idle_first, idle_count, connection_count;
static double *waiting; /* due times for which no connection was free yet */
static size_t waiting_first, waiting_count, waiting_size;
static uint32_t *latencies;
static size_t answers, latencies_size, sends, most;
static size_t statuses[1000];
static char odd[512];
static int poll_fd;
static double last_answer;

static void fail(const char *what) {
  fprintf(stderr, "load: %s (%s)\n", what, strerror(errno));
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_requests(const char *file) {
  int fd = open(file, O_RDONLY);
  if (fd < 0) fail(file);
  off_t size = lseek(fd, 0, SEEK_END);
  char *all = malloc((size_t)size + 1);
  if (pread(fd, all, (size_t)size, 0) != size) fail("short file of requests");
  close(fd);
  for (off_t at = 0; at < size; request_count++) {
    uint32_t length;
    memcpy(&length, all + at, 4);
    if ((request_count & 1023) == 0)
      requests = realloc(requests, (request_count + 1024) * sizeof *requests);
    requests[request_count] = (struct request){all + at + 4, length};
    at += 4 + (off_t)length;
  }
  if (request_count == 0) fail("no request");
}

static void watch(struct connection *c, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.u32 = (uint32_t)(c - connections)};
  if (epoll_ctl(poll_fd, operation, c->fd, &event) < 0) fail("epoll_ctl");
}

static void dial(struct connection *c, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int on = 1;
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0) fail("connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  watch(c, EPOLLIN, EPOLL_CTL_ADD);
}

static void flush(struct connection *c) {
  ssize_t n = send(c->fd, c->request->bytes + c->sent, c->request->length - c->sent, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) fail("send");
  int was_partial = c->sent > 0;
  if (n > 0) c->sent += (size_t)n;
  int is_partial = c->sent < c->request->length;
  if (is_partial) watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
  else if (was_partial) watch(c, EPOLLIN, EPOLL_CTL_MOD);
}

static void start(struct connection *c, double due) {
  c->request = &requests[next_request];
  next_request = (next_request + 1) % request_count;
  c->state = HEAD;
  c->head_length = 0;
  c->sent = 0;
  c->due = due;
  sends++;
  flush(c);
}

/* The head is whole: what follows it? */
static void read_head(struct connection *c) {
  c->head[c->head_length] = 0;
  if (sscanf(c->head, "HTTP/1.1 %3d", &c->status) != 1) fail("no HTTP/1.1 answer");
  c->left = 0;
  c->state = LENGTH;
  for (char *line = strstr(c->head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, "content-length:", 15) == 0) c->left = strtoull(line + 17, NULL, 10);
    if (strncasecmp(line + 2, "transfer-encoding: chunked", 26) == 0) c->state = CHUNK_SIZE;
  }
  c->line_length = 0;
  if (c->state == LENGTH && c->left == 0) c->state = DONE;
  if (c->status != 200 && odd[0] == 0) snprintf(odd, sizeof odd, "%.500s", c->head);
}

/* Takes received bytes; true once the answer is whole. */
static int feed(struct connection *c, const char *bytes, size_t count) {
  size_t at = 0;
  while (at < count && c->state != DONE) {
    if (c->state == LENGTH || c->state == CHUNK_DATA) {
      size_t take = count - at < c->left ? count - at : c->left;
      at += take;
      c->left -= take;
      if (c->left == 0) c->state = c->state == LENGTH ? DONE : CHUNK_END;
      continue;
    }
    char byte = bytes[at++];
    if (c->state == HEAD) {
      if (c->head_length == HEAD_MAX - 1) fail("answer head too long");
      c->head[c->head_length++] = byte;
      if (byte == '\n' && c->head_length >= 4 && memcmp(c->head + c->head_length - 4, "\r\n\r\n", 4) == 0)
        read_head(c);
    } else if (c->state == CHUNK_END) {
      if (byte == '\n') c->state = CHUNK_SIZE, c->left = 0, c->line_length = 0;
    } else if (c->state == CHUNK_SIZE && byte != '\n') {
      int digit = byte >= '0' && byte <= '9' ? byte - '0' : (byte | 32) >= 'a' && (byte | 32) <= 'f' ? (byte | 32) - 'a' + 10 : -1;
      if (digit >= 0) c->left = c->left * 16 + (uint64_t)digit;
    } else if (c->state == CHUNK_SIZE) {
      c->state = c->left == 0 ? TRAILER : CHUNK_DATA;
    } else if (byte == '\n') {
      if (c->line_length == 0) c->state = DONE;
      c->line_length = 0;
    } else if (byte != '\r') c->line_length++;
  }
  if (at < count) fail("bytes after an answer");
  return c->state == DONE;
}

static void finish(struct connection *c) {
  last_answer = now();
  if (answers == latencies_size) {
    latencies_size = latencies_size == 0 ? 65536 : latencies_size * 2;
    latencies = realloc(latencies, latencies_size * sizeof *latencies);
  }
  latencies[answers++] = (uint32_t)((last_answer - c->due) * 1e6);
  if (c->status >= 0 && c->status < 1000) statuses[c->status]++;
  /* the connection that rested longest is the next to work: none is idle long enough to be closed */
  idle[(idle_first + idle_count++) % connection_count] = (int)(c - connections);
}

static struct connection *take_idle(void) {
  struct connection *c = &connections[idle[idle_first]];
  idle_first = (idle_first + 1) % connection_count;
  idle_count--;
  return c;
}

static void postpone(double due) {
  if (waiting_first + waiting_count == waiting_size) {
    memmove(waiting, waiting + waiting_first, waiting_count * sizeof *waiting);
    waiting_first = 0;
    waiting_size = waiting_size < 2 * waiting_count + 1024 ? 2 * waiting_count + 1024 : waiting_size;
    waiting = realloc(waiting, waiting_size * sizeof *waiting);
  }
  waiting[waiting_first + waiting_count++] = due;
}

static int has_budget(void) { return most == 0 || sends < most; }

/* Sends what may be sent now; the moment at which there is something to do even if no answer comes. */
static double send_due(double rate, double end, double *next_due) {
  double t = now();
  while (rate > 0 && *next_due <= t && *next_due < end) {
    postpone(*next_due);
    *next_due += -log(1 - drand48()) / rate;
  }
  while (idle_count > 0 && has_budget() && (rate > 0 ? waiting_count > 0 : t < end)) {
    double due = t;
    if (rate > 0) due = waiting[waiting_first++], waiting_count--;
    start(take_idle(), due);
  }
  return rate > 0 && *next_due < end ? *next_due : t < end ? end : end + GRACE_SECONDS;
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static uint32_t percentile(double share) {
  return answers == 0 ? 0 : latencies[(size_t)(share * (double)(answers - 1))];
}

static void print_result(double began) {
  qsort(latencies, answers, sizeof *latencies, ascending);
  printf("{\"answers\":%zu,\"unanswered\":%zu,\"statuses\":{", answers, sends - answers + waiting_count);
  const char *comma = "";
  for (int status = 0; status < 1000; status++)
    if (statuses[status] > 0) printf("%s\"%d\":%zu", comma, status, statuses[status]), comma = ",";
  printf("},\"odd\":\"");
  for (const char *c = odd; *c != 0; c++)
    if (*c >= ' ' && *c < 127 && *c != '"' && *c != '\\') putchar(*c);
    else putchar(' ');
  printf("\",\"next\":%zu,\"seconds\":%.6f,\"p50\":%u,\"p99\":%u}\n", next_request,
         last_answer - began, percentile(0.5), percentile(0.99));
}

int main(int argc, char **argv) {
  if (argc != 8) fail("PORT CONNECTIONS SECONDS PER_SECOND FIRST MOST FILE");
  connection_count = atoi(argv[2]);
  double rate = atof(argv[4]);
  most = strtoull(argv[6], NULL, 10);
  read_requests(argv[7]);
  next_request = strtoull(argv[5], NULL, 10) % request_count;
  prctl(PR_SET_TIMERSLACK, 1UL); /* the default of 50 µs would be part of every latency */
  srand48(1);
  poll_fd = epoll_create1(0);
  connections = calloc((size_t)connection_count, sizeof *connections);
  idle = calloc((size_t)connection_count, sizeof *idle);
  for (int i = 0; i < connection_count; i++) dial(&connections[i], atoi(argv[1])), idle[i] = i;
  idle_count = connection_count;

  static char piece[PIECE];
  struct epoll_event events[64];
  double began = now(), end = began + atof(argv[3]), next_due = began;
  for (;;) {
    double wake = send_due(rate, end, &next_due), t = now();
    int has_more = has_budget() && (t < end || waiting_count > 0);
    if ((idle_count == connection_count && !has_more) || t >= end + GRACE_SECONDS) break;
    if (rate == 0 && idle_count == connection_count) continue;
    double rest = wake > t ? wake - t : 0;
    struct timespec limit = {(time_t)rest, (long)((rest - floor(rest)) * 1e9)};
    int count = epoll_pwait2(poll_fd, events, 64, &limit, NULL);
    if (count < 0 && errno != EINTR) fail("epoll_pwait2");
    for (int i = 0; i < count; i++) {
      struct connection *c = &connections[events[i].data.u32];
      if (events[i].events & EPOLLOUT) flush(c);
      if (!(events[i].events & ~(uint32_t)EPOLLOUT)) continue;
      ssize_t n = recv(c->fd, piece, sizeof piece, 0);
      if (n == 0) fail("the peer closed a connection");
      if (n < 0 && errno != EAGAIN) fail("recv");
      if (n > 0 && feed(c, piece, (size_t)n)) finish(c);
    }
  }
  print_result(began);
  return 0;
}

/* lg.c - single-threaded epoll load client for JSON and SSE responses, closed or open loop.
 *   lg [-c conns] [-d seconds | -n requests] [-r req_per_s] [-H 'Name: value']... -b bodyfile http://127.0.0.1:PORT/path
 * Prints one JSON line: requests, statuses, req/s, latency and time-to-first-byte percentiles (us), events seen.
 * With -r the loop is open: latency counts from the planned start, so queueing is included.
 * Only 127.0.0.0/8 targets are accepted. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
typedef struct { int fd, busy, st, hdr, chunked; long left; char b[65536]; size_t n; long long t0, tf; int ev, m; int cst; long cl; } conn;
/* cst: chunk parser 0 size 1 data 2 crlf 3 trailer */
static char req[5 << 20]; static size_t rlen; static struct sockaddr_in sa; static int ep; static double gap; 
static long done_, errs, st[6], evs, rst[1000]; static unsigned *lat, *ttf; static long cap;
static long long us(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000LL + t.tv_nsec / 1000; }
static void op(conn *c) {
  c->fd = socket(AF_INET, SOCK_STREAM, 0); int one = 1; setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (void *)&sa, sizeof sa)) { perror("connect"); exit(1); }
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e); c->busy = 0;
}
static void start(conn *c, long long t) {
  c->t0 = t; c->tf = 0; c->hdr = 0; c->n = 0; c->ev = 0; c->m = 0; c->cst = 0; c->cl = 0; c->busy = 1;
  if (send(c->fd, req, rlen, MSG_NOSIGNAL) != (ssize_t)rlen) { errs++; close(c->fd); op(c); }
}
static void fin(conn *c) {
  long long t = us();
  if (done_ == cap) { cap *= 2; lat = realloc(lat, cap * 4); ttf = realloc(ttf, cap * 4); }
  lat[done_] = t - c->t0; ttf[done_] = c->tf - c->t0; done_++; st[c->st / 100 % 6]++; rst[c->st % 1000]++; evs += c->ev; c->busy = 0;
}
static void scan(conn *c, const char *p, long n) { static const char pat[] = "data: "; for (long i = 0; i < n; i++) { if (p[i] == pat[c->m]) { if (++c->m == 6) { c->ev++; c->m = 0; } } else c->m = p[i] == 'd'; } }
static int body(conn *c, const char *p, long n) { /* 1 = complete */
  if (!c->chunked) { long k = n < c->left ? n : c->left; scan(c, p, k); c->left -= k; return c->left == 0; }
  for (long i = 0; i < n;) {
    if (c->cst == 0) { char x = p[i++]; if (x == '\n') { c->cst = c->cl ? 1 : 3; c->left = c->cl; c->cl = 0; } else { int h = x >= '0' && x <= '9' ? x - '0' : (x | 32) >= 'a' && (x | 32) <= 'f' ? (x | 32) - 'a' + 10 : -1; if (h >= 0) c->cl = c->cl * 16 + h; } }
    else if (c->cst == 1) { long k = n - i < c->left ? n - i : c->left; scan(c, p + i, k); i += k; c->left -= k; if (!c->left) c->cst = 2; }
    else if (c->cst == 2) { if (p[i++] == '\n') c->cst = 0; }
    else { if (p[i++] == '\n') return 1; }
  }
  return 0;
}
static int cmp(const void *a, const void *b) { unsigned x = *(unsigned *)a, y = *(unsigned *)b; return x < y ? -1 : x > y; }
static unsigned pc(unsigned *v, double q) { return done_ ? v[(long)(q * (done_ - 1))] : 0; }
int main(int n, char **v) {
  int c_ = 32, o; double d = 10, r = 0; long N = 0; char hd[8192] = "", *bf = 0; signal(SIGPIPE, SIG_IGN);
  while ((o = getopt(n, v, "c:d:n:r:H:b:")) != -1) { if (o == 'c') c_ = atoi(optarg); if (o == 'd') d = atof(optarg); if (o == 'n') N = atol(optarg); if (o == 'r') r = atof(optarg); if (o == 'H') { strcat(hd, optarg); strcat(hd, "\r\n"); } if (o == 'b') bf = optarg; }
  if (optind >= n || !bf) { fprintf(stderr, "usage\n"); return 2; }
  char host[64]; int port; char path[2048] = "/"; if (sscanf(v[optind], "http://%63[0-9.]:%d%2047s", host, &port, path) < 2 || strncmp(host, "127.", 4)) { fprintf(stderr, "only http://127.x\n"); return 2; }
  sa.sin_family = AF_INET; sa.sin_port = htons(port); inet_aton(host, &sa.sin_addr);
  static char bd[4 << 20]; FILE *f = fopen(bf, "r"); size_t bl = fread(bd, 1, sizeof bd, f); fclose(f);
  rlen = snprintf(req, sizeof req, "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n", path, host, port, hd, bl); memcpy(req + rlen, bd, bl); rlen += bl;
  ep = epoll_create1(0); cap = 1 << 16; lat = malloc(cap * 4); ttf = malloc(cap * 4);
  conn *C = calloc(c_, sizeof *C); for (int i = 0; i < c_; i++) op(C + i);
  long long s = us(), end = s + (long long)(d * 1e6), hard = end + 5000000; double next = s; gap = r > 0 ? 1e6 / r : 0; long sent = 0, busy = 0, qlen = 0;
  if (!gap) for (int i = 0; i < c_ && (!N || sent < N); i++) { start(C + i, us()); sent++; busy++; }
  struct epoll_event ev[256]; static char buf[65536]; int stop = 0; long maxq = 0;
  while (1) {
    long long t = us();
    if ((N ? sent >= N : t >= end)) stop = 1;
    if (stop && busy == 0 && (qlen == 0 || 1)) break;
    if (t > hard && !N) break;
    int to = 100;
    if (gap && !stop) {
      int i = 0; long q = 0;
      while (next <= t) { for (; i < c_ && C[i].busy; i++) ; if (i == c_) { q = (long)((t - next) / gap); break; } start(C + i, (long long)next); sent++; busy++; next += gap; }
      if (q > maxq) maxq = q;
      to = q ? 100 : (int)((next - t) / 1000); if (to < 0) to = 0; if (to > 100) to = 100;
    }
    int k = epoll_wait(ep, ev, 256, to);
    for (int i = 0; i < k; i++) {
      conn *c = ev[i].data.ptr; ssize_t g = recv(c->fd, buf, sizeof buf, MSG_DONTWAIT);
      if (g < 0 && errno == EAGAIN) continue;
      if (g <= 0) { if (c->busy) { errs++; busy--; } close(c->fd); op(c); if (!gap && !stop) { start(c, us()); busy++; sent++; } continue; }
      if (!c->busy) continue;
      int ok = 0;
      if (!c->hdr) {
        if (c->n + g > sizeof c->b - 1) exit(3);
        memcpy(c->b + c->n, buf, g); c->n += g; c->b[c->n] = 0; char *e = memmem(c->b, c->n, "\r\n\r\n", 4); if (!e) continue;
        c->hdr = 1; c->st = atoi(c->b + 9); c->chunked = 0; c->left = 0;
        for (char *l = strstr(c->b, "\r\n") + 2; l < e + 2; l = strstr(l, "\r\n") + 2) { if (!strncasecmp(l, "content-length:", 15)) c->left = atol(l + 15); if (!strncasecmp(l, "transfer-encoding:", 18)) c->chunked = 1; }
        long off = e + 4 - c->b, rest = c->n - off; if (rest > 0) { c->tf = us(); ok = body(c, c->b + off, rest); } else if (!c->chunked && !c->left) { c->tf = us(); ok = 1; }
      } else { if (!c->tf) c->tf = us(); ok = body(c, buf, g); }
      if (ok) { fin(c); busy--; if (!gap && !stop && (!N || sent < N) && us() < end + (N ? 1LL << 60 : 0)) { start(c, us()); sent++; busy++; } }
    }
  }
  double el = (us() - s) / 1e6; qsort(lat, done_, 4, cmp); qsort(ttf, done_, 4, cmp);
  printf("{\"requests\":%ld,\"errors\":%ld,\"unfinished\":%ld,\"seconds\":%.3f,\"rps\":%.1f,\"s2xx\":%ld,\"s4xx\":%ld,\"s429\":%ld,\"s5xx\":%ld,\"events\":%ld,\"backlog_max\":%ld,\"lat_us\":{\"p50\":%u,\"p90\":%u,\"p99\":%u,\"p999\":%u,\"max\":%u},\"ttfb_us\":{\"p50\":%u,\"p90\":%u,\"p99\":%u,\"max\":%u}}\n",
    done_, errs, busy, el, done_ / el, st[2], st[4], rst[429], st[5], evs, maxq, pc(lat, .5), pc(lat, .9), pc(lat, .99), pc(lat, .999), pc(lat, 1), pc(ttf, .5), pc(ttf, .9), pc(ttf, .99), pc(ttf, 1));
}

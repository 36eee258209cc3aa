/* mock.c - single-threaded epoll mock of Azure OpenAI chat completions.
 *
 *   mock [-e events] [-i interval_ms] [-t ttft_ms] [-l latency_ms] [-a retry_after_s] port:mode ...
 *     mode = ok | 429 | 500
 *   A POST whose body has "stream":true (or "stream": true) gets a response of chunked SSE
 *   (events chunks, one write each, then data: [DONE]); any other POST with ~1 KB JSON.
 *   GET /__stats        -> counters per port (json, sse, rejected, open connections)
 *   GET /__reset        -> counters to zero
 *   GET /__mode/ok|429  -> mode of that port
 *   GET /__i/N, /__t/N, /__l/N -> event interval, time to first event, JSON latency in ms (all ports; change while idle)
 * Listens on 127.0.0.1 only. */
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

#define MAXPORT 512
#define RB (4 * 1024 * 1024)

typedef struct conn {
  int fd, port, isl, gone;      /* isl: listener */
  char *rb; size_t rl;
  char *wb; size_t wl, wo;      /* pending output */
  int pend;                     /* 0 none 1 json-delayed 2 sse */
  int ev;                       /* next sse event */
  long long due; struct conn *qn; int inq;
} conn;
typedef struct { conn *h, *t; } queue;

static int ep, nports, events = 50, interval_ms = 0, ttft_ms = 0, latency_ms = 0, retry_after = 1;
static struct { int port, mode; long json, sse, rej, conns, abort; } P[MAXPORT];
static queue qlat, qttft, qint;
static char ok_resp[8192]; static size_t ok_len;
static char rej_resp[1024]; static size_t rej_len;
static char e5_resp[512]; static size_t e5_len;
static const char sse_head[] =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
  "apim-request-id: 0b3c1f0e-7c7d-4b0f-9d8e-1a2b3c4d5e6f\r\nx-ms-region: Sweden Central\r\n"
  "x-ratelimit-remaining-requests: 999\r\nx-ratelimit-remaining-tokens: 99000\r\n\r\n";
static char sse_ev[1024]; static size_t sse_len;
static const char sse_end[] = "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";

static long long now_us(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000LL + t.tv_nsec / 1000; }
static void push(queue *q, conn *c, long long due) { c->due = due; c->qn = 0; c->inq = 1; if (q->t) q->t->qn = c; else q->h = c; q->t = c; }

static void build(void) {
  char b[4096], txt[700]; size_t n = 0;
  const char *w = "The quick brown fox jumps over the lazy dog while the load balancer moves on. ";
  while (n + strlen(w) < 480) { strcpy(txt + n, w); n += strlen(w); }
  int bl = snprintf(b, sizeof b,
    "{\"id\":\"chatcmpl-9rXk2mock0123456789abcdef\",\"object\":\"chat.completion\",\"created\":1730000000,\"model\":\"gpt-4o-2024-08-06\","
    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"%s\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\","
    "\"content_filter_results\":{\"hate\":{\"filtered\":false,\"severity\":\"safe\"},\"violence\":{\"filtered\":false,\"severity\":\"safe\"}}}],"
    "\"usage\":{\"prompt_tokens\":412,\"completion_tokens\":96,\"total_tokens\":508,\"prompt_tokens_details\":{\"cached_tokens\":0}},"
    "\"system_fingerprint\":\"fp_mock\"}", txt);
  ok_len = snprintf(ok_resp, sizeof ok_resp,
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    "apim-request-id: 0b3c1f0e-7c7d-4b0f-9d8e-1a2b3c4d5e6f\r\nx-ms-region: Sweden Central\r\n"
    "x-ratelimit-remaining-requests: 999\r\nx-ratelimit-remaining-tokens: 99000\r\n\r\n%s", bl, b);
  const char *rj = "{\"error\":{\"code\":\"429\",\"message\":\"Requests to the ChatCompletions_Create Operation have exceeded call rate limit. Please retry after 1 second.\"}}";
  rej_len = snprintf(rej_resp, sizeof rej_resp,
    "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nRetry-After: %d\r\nretry-after-ms: %d\r\n"
    "x-ratelimit-remaining-requests: 0\r\n\r\n%s", strlen(rj), retry_after, retry_after * 1000, rj);
  const char *r5 = "{\"error\":{\"code\":\"500\",\"message\":\"mock\"}}";
  e5_len = snprintf(e5_resp, sizeof e5_resp, "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(r5), r5);
  char e[900];
  int el = snprintf(e, sizeof e,
    "data: {\"id\":\"chatcmpl-9rXk2mock0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1730000000,\"model\":\"gpt-4o-2024-08-06\","
    "\"system_fingerprint\":\"fp_mock\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"logprobs\":null,\"finish_reason\":null,\"content_filter_results\":{}}]}\n\n");
  sse_len = snprintf(sse_ev, sizeof sse_ev, "%x\r\n%s\r\n", el, e);
}

static void drop(conn *c) {
  if (c->gone) return;
  if (c->pend == 2 && c->ev <= events) P[c->port].abort++;
  c->gone = 1; P[c->port].conns--; epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, 0); close(c->fd);
  free(c->rb); free(c->wb); c->rb = c->wb = 0;
  if (!c->inq) free(c);         /* else freed when its queue turn comes */
}
static int out(conn *c, const char *d, size_t n) {
  if (!c->wb) {
    ssize_t k = send(c->fd, d, n, MSG_NOSIGNAL);
    if (k == (ssize_t)n) return 0;
    if (k < 0) { if (errno != EAGAIN) return -1; k = 0; }
    d += k; n -= k;
    c->wb = malloc(n); memcpy(c->wb, d, n); c->wl = n; c->wo = 0;
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
    return 0;
  }
  c->wb = realloc(c->wb, c->wl + n); memcpy(c->wb + c->wl, d, n); c->wl += n;
  return 0;
}
static int flush(conn *c) {
  while (c->wo < c->wl) {
    ssize_t k = send(c->fd, c->wb + c->wo, c->wl - c->wo, MSG_NOSIGNAL);
    if (k < 0) return errno == EAGAIN ? 0 : -1;
    c->wo += k;
  }
  free(c->wb); c->wb = 0; c->wl = c->wo = 0;
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  return 0;
}
static int input(conn *c);
static int sse_step(conn *c, long long now) { /* -1 drop */
  if (c->ev == 0 && out(c, sse_head, sizeof sse_head - 1)) return -1;
  do {
    if (c->ev < events) { if (out(c, sse_ev, sse_len)) return -1; c->ev++; }
    if (c->ev == events) { c->ev++; if (out(c, sse_end, sizeof sse_end - 1)) return -1; c->pend = 0; return input(c); }
  } while (interval_ms == 0);
  push(&qint, c, c->due + interval_ms * 1000LL > now - 1000000 ? c->due + interval_ms * 1000LL : now + interval_ms * 1000LL);
  return 0;
}
static int simple(conn *c, const char *status, const char *body) {
  static char b[161 * MAXPORT]; int n = snprintf(b, sizeof b, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body), body);
  return out(c, b, n);
}
/* consume whole requests from rb; -1 = drop */
static int input(conn *c) {
  while (!c->pend && c->rl) {
    c->rb[c->rl] = 0;
    char *he = memmem(c->rb, c->rl, "\r\n\r\n", 4);
    if (!he) return c->rl < RB - 1 ? 0 : -1;
    size_t hl = he - c->rb + 4, bl = 0, cons; int chunked = 0, expect = 0;
    for (char *l = strstr(c->rb, "\r\n") + 2; l < he + 2;) {
      char *e = strstr(l, "\r\n");
      if (!strncasecmp(l, "content-length:", 15)) bl = strtoul(l + 15, 0, 10);
      else if (!strncasecmp(l, "transfer-encoding:", 18) && memmem(l, e - l, "chunked", 7)) chunked = 1;
      else if (!strncasecmp(l, "expect:", 7)) expect = 1;
      l = e + 2;
    }
    (void)expect;
    char *body = c->rb + hl; size_t bodyl;
    if (chunked) {
      char *z = memmem(body, c->rl - hl, "0\r\n\r\n", 5); /* mock: JSON bodies never hold this */
      if (!z) return c->rl < RB - 1 ? 0 : -1;
      bodyl = z - body; cons = hl + bodyl + 5;
    } else {
      if (c->rl - hl < bl) return hl + bl < RB ? 0 : -1;
      bodyl = bl; cons = hl + bl;
    }
    int p = c->port, r = 0;
    if (!strncmp(c->rb, "GET /__stats", 12)) {
      static char b[160 * MAXPORT]; int n = snprintf(b, sizeof b, "{");
      for (int i = 0; i < nports; i++) n += snprintf(b + n, sizeof b - n, "%s\"%d\":{\"mode\":%d,\"json\":%ld,\"sse\":%ld,\"rejected\":%ld,\"conns\":%ld,\"aborted\":%ld}", i ? "," : "", P[i].port, P[i].mode, P[i].json, P[i].sse, P[i].rej, P[i].conns, P[i].abort);
      snprintf(b + n, sizeof b - n, "}\n"); r = simple(c, "200 OK", b);
    } else if (!strncmp(c->rb, "GET /__reset", 12)) { for (int i = 0; i < nports; i++) P[i].json = P[i].sse = P[i].rej = P[i].abort = 0; r = simple(c, "200 OK", "{}"); }
    else if (!strncmp(c->rb, "GET /__mode/", 12)) { P[p].mode = c->rb[12] == 'o' ? 200 : atoi(c->rb + 12); r = simple(c, "200 OK", "{}"); }
    else if (!strncmp(c->rb, "GET /__i/", 9)) { interval_ms = atoi(c->rb + 9); r = simple(c, "200 OK", "{}"); }
    else if (!strncmp(c->rb, "GET /__t/", 9)) { ttft_ms = atoi(c->rb + 9); r = simple(c, "200 OK", "{}"); }
    else if (!strncmp(c->rb, "GET /__l/", 9)) { latency_ms = atoi(c->rb + 9); r = simple(c, "200 OK", "{}"); }
    else if (!strncmp(c->rb, "GET ", 4)) r = simple(c, "200 OK", "{\"status\":\"ok\"}");
    else if (P[p].mode == 429) { P[p].rej++; r = out(c, rej_resp, rej_len); }
    else if (P[p].mode == 500) { P[p].rej++; r = out(c, e5_resp, e5_len); }
    else if (memmem(body, bodyl, "\"stream\":true", 13) || memmem(body, bodyl, "\"stream\": true", 14)) {
      P[p].sse++; c->pend = 2; c->ev = 0;
    } else { P[p].json++; if (latency_ms) c->pend = 1; else r = out(c, ok_resp, ok_len); }
    memmove(c->rb, c->rb + cons, c->rl - cons); c->rl -= cons;
    if (r) return -1;
    long long now = (c->pend) ? now_us() : 0;
    if (c->pend == 1) push(&qlat, c, now + latency_ms * 1000LL);
    else if (c->pend == 2) { if (ttft_ms) push(&qttft, c, now + ttft_ms * 1000LL); else { c->due = now; return sse_step(c, now); } }
  }
  return 0;
}
static void drain(queue *q, long long now) {
  while (q->h && q->h->due <= now) {
    conn *c = q->h; q->h = c->qn; if (!q->h) q->t = 0;
    c->inq = 0;
    if (c->gone) { free(c); continue; }
    int r;
    if (c->pend == 1) { c->pend = 0; r = out(c, ok_resp, ok_len); if (!r) r = input(c); }
    else r = sse_step(c, now);
    if (r) drop(c);
  }
}
int main(int n, char **v) {
  int o; signal(SIGPIPE, SIG_IGN);
  while ((o = getopt(n, v, "e:i:t:l:a:")) != -1) {
    int x = atoi(optarg);
    if (o == 'e') events = x; else if (o == 'i') interval_ms = x; else if (o == 't') ttft_ms = x; else if (o == 'l') latency_ms = x; else if (o == 'a') retry_after = x; else return 2;
  }
  build(); ep = epoll_create1(0);
  for (; optind < n && nports < MAXPORT; optind++, nports++) {
    int port = atoi(v[optind]); char *m = strchr(v[optind], ':');
    P[nports].port = port; P[nports].mode = m && m[1] != 'o' ? atoi(m + 1) : 200;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1; setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(s, (void *)&a, sizeof a) || listen(s, 4096)) { perror("bind"); return 1; }
    conn *c = calloc(1, sizeof *c); c->fd = s; c->port = nports; c->isl = 1;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_ADD, s, &e);
  }
  if (!nports) { fprintf(stderr, "usage: mock [-e n] [-i ms] [-t ms] [-l ms] [-a s] port:ok|429|500 ...\n"); return 2; }
  struct epoll_event ev[256];
  for (;;) {
    long long now = now_us(), d = -1; queue *qs[3] = {&qlat, &qttft, &qint};
    for (int i = 0; i < 3; i++) { drain(qs[i], now); }
    for (int i = 0; i < 3; i++) if (qs[i]->h && (d < 0 || qs[i]->h->due < d)) d = qs[i]->h->due;
    int to = d < 0 ? -1 : d <= now ? 0 : (int)((d - now + 999) / 1000);
    int k = epoll_wait(ep, ev, 256, to);
    for (int i = 0; i < k; i++) {
      conn *c = ev[i].data.ptr;
      if (c->isl) {
        for (;;) {
          int f = accept4(c->fd, 0, 0, SOCK_NONBLOCK); if (f < 0) break;
          int one = 1; setsockopt(f, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          conn *x = calloc(1, sizeof *x); x->fd = f; x->port = c->port; x->rb = malloc(RB); P[c->port].conns++;
          struct epoll_event e = {.events = EPOLLIN, .data.ptr = x}; epoll_ctl(ep, EPOLL_CTL_ADD, f, &e);
        }
        continue;
      }
      if (c->gone) continue;
      if ((ev[i].events & EPOLLOUT) && c->wb && flush(c)) { drop(c); continue; }
      if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t r = recv(c->fd, c->rb + c->rl, RB - 1 - c->rl, 0);
        if (r <= 0) { if (r < 0 && errno == EAGAIN) continue; drop(c); continue; }
        c->rl += r;
        if (input(c)) drop(c);
      }
    }
  }
}

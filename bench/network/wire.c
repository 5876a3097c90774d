/* wire: one static program that measures TCP the same way on every path.
 *
 *   wire serve PORT                      PORT: sink and echo; PORT + 1: one answer per connection
 *   wire idle                            holds a container open
 *   wire stream HOST PORT STREAMS SECONDS     -> {"bytes": ..., "seconds": ...}
 *   wire ask HOST PORT SECONDS                -> {"count": ..., "median_us": ..., "p99_us": ...}
 *   wire connect HOST PORT THREADS SECONDS    -> {"count": ..., "seconds": ...}
 *
 * The bytes are those that the other side counted. "connect" opens a connection, sends one byte,
 * reads one, reads the end and closes; the server closes first, so the client's port is free again.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 128 * 1024, ACCEPTORS = 4, MOST_SAMPLES = 4 * 1000 * 1000 };

struct work {
    struct sockaddr_in to;
    double until;
    unsigned long long count;
};

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void start(pthread_t *thread, void *(*run)(void *), void *with) {
    int error = pthread_create(thread, NULL, run, with);
    if (error) {
        errno = error;
        die("thread");
    }
}

static struct sockaddr_in address(const char *host, int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
        fprintf(stderr, "not an IPv4 address: %s\n", host);
        exit(1);
    }
    return a;
}

static int dial(const struct sockaddr_in *to) {
    int one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0) die("socket");
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(s, (const struct sockaddr *)to, sizeof *to)) die("connect");
    return s;
}

static int listener(int port) {
    int one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = address("0.0.0.0", port);
    if (s < 0) die("socket");
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, (struct sockaddr *)&here, sizeof here)) die("bind");
    if (listen(s, 4096)) die("listen");
    return s;
}

/* First byte 's': count what comes, tell it at the end. Anything else: send it back. */
static void *sink_or_echo(void *with) {
    int s = (int)(long)with, one = 1;
    char *buffer = malloc(CHUNK);
    unsigned long long total = 0;
    ssize_t got = read(s, buffer, 1);
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (got == 1 && buffer[0] == 's') {
        while ((got = read(s, buffer, CHUNK)) > 0) total += got;
        if (write(s, &total, sizeof total) < 0) perror("write");
    } else {
        while (got > 0 && write(s, buffer, got) == got) got = read(s, buffer, CHUNK);
    }
    free(buffer);
    close(s);
    return NULL;
}

static void *answer_once(void *with) {
    int s = *(int *)with, c;
    char byte;
    for (;;) {
        if ((c = accept4(s, NULL, NULL, SOCK_CLOEXEC)) < 0) continue;
        if (read(c, &byte, 1) == 1 && write(c, &byte, 1) < 0) perror("write");
        close(c);
    }
    return NULL;
}

static void serve(int port) {
    int many = listener(port), once = listener(port + 1), c;
    pthread_t thread;
    for (int i = 0; i < ACCEPTORS; i++) start(&thread, answer_once, &once);
    for (;;) {
        if ((c = accept4(many, NULL, NULL, SOCK_CLOEXEC)) < 0) continue;
        start(&thread, sink_or_echo, (void *)(long)c);
        pthread_detach(thread);
    }
}

static void *pour(void *with) {
    struct work *w = with;
    int s = dial(&w->to);
    char *buffer = calloc(1, CHUNK);
    if (write(s, "s", 1) != 1) die("write");
    while (now() < w->until)
        if (write(s, buffer, CHUNK) < 0) die("write");
    shutdown(s, SHUT_WR);
    if (read(s, &w->count, sizeof w->count) != sizeof w->count) die("the count");
    close(s);
    free(buffer);
    return NULL;
}

static void *knock(void *with) {
    struct work *w = with;
    char byte = 'c';
    while (now() < w->until) {
        int s = dial(&w->to);
        if (write(s, &byte, 1) != 1 || read(s, &byte, 1) != 1) die("answer");
        if (read(s, &byte, 1) != 0) die("end");
        close(s);
        w->count++;
    }
    return NULL;
}

static void together(void *(*run)(void *), struct sockaddr_in to, int threads, double seconds,
                     const char *unit) {
    pthread_t *thread = calloc(threads, sizeof *thread);
    struct work *work = calloc(threads, sizeof *work);
    unsigned long long total = 0;
    double began = now();
    for (int i = 0; i < threads; i++) {
        work[i] = (struct work){.to = to, .until = began + seconds};
        start(&thread[i], run, &work[i]);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        total += work[i].count;
    }
    printf("{\"%s\": %llu, \"seconds\": %.6f}\n", unit, total, now() - began);
}

static int by_size(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void ask(struct sockaddr_in to, double seconds) {
    int s = dial(&to);
    long count = 0;
    char byte = 'r';
    float *sample = malloc(MOST_SAMPLES * sizeof *sample);
    double began = now(), until = began + seconds, before = began, after;
    while (before < until && count < MOST_SAMPLES) {
        if (write(s, &byte, 1) != 1 || read(s, &byte, 1) != 1) die("answer");
        after = now();
        sample[count++] = (float)((after - before) * 1e6);
        before = after;
    }
    qsort(sample, count, sizeof *sample, by_size);
    printf("{\"count\": %ld, \"seconds\": %.6f, \"median_us\": %.2f, \"p99_us\": %.2f}\n", count,
           now() - began, sample[count / 2], sample[count - 1 - count / 100]);
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && !strcmp(argv[1], "idle")) {
        signal(SIGTERM, exit);
        for (;;) pause();
    }
    if (argc == 3 && !strcmp(argv[1], "serve")) serve(atoi(argv[2]));
    if (argc < 5) {
        fprintf(stderr, "see the head of wire.c\n");
        return 2;
    }
    struct sockaddr_in to = address(argv[2], atoi(argv[3]));
    if (!strcmp(argv[1], "ask")) ask(to, atof(argv[4]));
    if (argc < 6) return 0;
    if (!strcmp(argv[1], "stream")) together(pour, to, atoi(argv[4]), atof(argv[5]), "bytes");
    if (!strcmp(argv[1], "connect")) {
        to.sin_port = htons(atoi(argv[3]) + 1);
        together(knock, to, atoi(argv[4]), atof(argv[5]), "count");
    }
    return 0;
}

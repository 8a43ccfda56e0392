/* A child that reports what it was started with, or ends as its command line says.
 *
 *   child report [ARG...]   one line for each fact, to descriptor 1, and an empty line at the end
 *   child exit CODE
 *   child signal NUMBER     ends by a signal
 *   child hold              waits until its standard input ends
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void report(int argc, char **argv)
{
    char path[4096], target[4096];
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        exit(3);
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || fd == dirfd(directory))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = '\0';
        printf("fd %d %s\n", fd, target);
    }
    closedir(directory);

    /* The kernel's own view, with the signals that the C library hides. */
    FILE *status = fopen("/proc/self/status", "r");
    char line[4096];
    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, "SigBlk:", 7) || !strncmp(line, "SigIgn:", 7) || !strncmp(line, "SigCgt:", 7))
            printf("%.6s %s", line, line + 8);
    if (status)
        fclose(status);

    for (int i = 0; i < argc; i++)
        printf("arg %s\n", argv[i]);
    for (char **variable = environ; *variable; variable++)
        printf("env %s\n", *variable);
    printf("cwd %s\n", getcwd(path, sizeof path));
    printf("pid %d\nparent %d\ngroup %d\n\n", getpid(), getppid(), getpgrp());
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    if (!strcmp(command, "report"))
        report(argc, argv);
    else if (!strcmp(command, "exit"))
        return atoi(argv[2]);
    else if (!strcmp(command, "signal"))
        raise(atoi(argv[2]));
    else if (!strcmp(command, "hold")) {
        char byte;
        while (read(0, &byte, 1) > 0)
            ;
    } else
        return 2;
    return 0;
}

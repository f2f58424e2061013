/* Looks a name up with whatever C library it is linked with, and prints the addresses, sorted. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

int main(int argc, char **argv)
{
	static char texts[64][INET6_ADDRSTRLEN];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	int count = 0, failed = getaddrinfo(argv[argc - 1], NULL, &hints, &list);
	if (failed) {
		puts(gai_strerror(failed));
		return 1;
	}
	for (; list && count < 64; list = list->ai_next)
		if (!getnameinfo(list->ai_addr, list->ai_addrlen, texts[count], sizeof texts[count], NULL, 0, NI_NUMERICHOST))
			count++;
	qsort(texts, (size_t)count, sizeof *texts, by_text);
	for (int i = 0; i < count; i++)
		printf("%s%s", i ? " " : "", texts[i]);
	puts("");
	return 0;
}

/*
 * hello: prints one line by one system call. No arguments.
 * Stresses nothing: what remains is the cost to load a module, start it and end it.
 */
#include <unistd.h>

int main(void)
{
	return write(1, "hello\n", 6) == 6 ? 0 : 1;
}

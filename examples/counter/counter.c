/* counter counts, a number a second, and says each. It is a guest that mostly sleeps.
 *
 *   clang-22 --target=wasm32-wasi -Wno-deprecated -O2 --no-wasm-opt -o counter.wasm examples/counter/counter.c
 *   godwit run counter.wasm
 */
#include <stdio.h>
#include <unistd.h>

int main(void) {
	for (int n = 1; n <= 60; n++) {
		printf("%d\n", n);
		fflush(stdout);
		sleep(1);
	}
	return 0;
}

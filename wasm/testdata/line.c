__attribute__((noinline)) static int divide(int a, int b) {
  int q = a;
  q /= b;
  return q;
}

int unused(int a) { return divide(a, a); }

__attribute__((export_name("run"))) int run(int n) {
  int sum = 0;
  for (int i = n; i >= 0; i--)
    sum += divide(n, i);
  return sum;
}

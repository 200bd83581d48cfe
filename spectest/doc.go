// Package spectest runs the scripts of the specification's test suite (https://github.com/WebAssembly/testsuite), and
// others that are written in the same language, on programs of package vm. godwit wast is its command line.
//
// # A script's store
//
// A script has one [vm.Program] at a time, which stands for the specification's store: every module of the script is
// instantiated in it, and what (register) names is registered in it. An instance has a name of the runner's own, which no
// other instance of the script ever has, so that it can be found again in a program that was restored. The identifiers
// and the registered names of the script lead to these names, never to objects.
//
// When nothing can reach the instances of a program any more - no identifier that the script still uses, no registered
// name, nothing imported that is shared - the next module gets a new program. The script cannot tell the difference;
// but a suite of sixty thousand assertions that travels at every safepoint carries less.
//
// # What counts
//
// Every command counts, under its keyword: modules and actions must succeed, too. The commands of a script are counted
// twice: by what has run, and by a scanner that knows of nothing but parentheses, strings and comments (countForms).
// What the scanner has seen and what has not run is a failure: a script that cannot be parsed, or that ends early, does not
// get away with it. The suite comes with a table of its counts; where that lies beside the scripts, the totals are compared
// with it as well (readExpected).
//
// assert_trap and assert_exhaustion want the trap's text, as far as one of both texts begins with the other: some scripts
// append an index. assert_invalid wants a module that is well-formed and does not validate, assert_malformed one whose
// text or binary cannot be read; that the message is another than the script expects is a note, and a failure only if
// [Config.Strict] says so, because the specification does not define messages.
//
// A script runs with the default features, and with those that its group (groups.go) adds. The scripts of a proposal were
// written for the version of the specification that it began with, and forbid what came later from elsewhere: such a group
// does without, and a module of it may be refused for any reason that is one of form, of validation, or of a feature.
//
// # Travelling
//
// With [Config.Travel] the program is checkpointed at every N-th safepoint - in the middle of calls - into bytes and
// closed, and a new program is read back from these bytes by another runtime, which goes on. The call's results come
// out of that. Between commands the program travels as well, once for every N commands. There are two runtimes, which take
// turns: each compiles the modules and lowers their functions for itself, so that nothing can be handed on but by the
// bytes. To make more of them would cost compiling for each safepoint, and find nothing that two do not.
//
// Loops of millions of iterations are not carried on from each: after [Config.TravelMax] travels an action goes on without
// any more. Reports say how many actions that has happened to.
//
// # What can go wrong
//
// An action has a deadline. Panics are caught, and are failures of the command. What neither ends nor looks at its context
// is left behind after the deadline and a grace, and the rest of its script counts as not run.
package spectest

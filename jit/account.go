package jit

import "time"

// account is what compiling has taken for a module, which is weighed against the time that the module has been there.
//
// Nobody knows how long a program is going to run. One that has run for a while may be expected to run for as long again (it is the problem of the skier who
// rents or buys), and so a part of that time can be spent on making it faster. One that ends soon has lost little, however much of it was
// hot. Where nothing has run for a while the account has grown all the same: a program that comes to new work is not a new one.
type account struct {
	began time.Time     // when the module came
	spent time.Duration // of the worker's own time; the queue's lock is held
}

// due is in how long from now the module can afford the job; less than 1 is at once. The queue's lock is held.
func (j *job) due(now time.Time) time.Duration {
	a := &j.code.account
	cost := max(0, a.spent+time.Duration(j.size)*compileByte-compileFree)
	return cost*compileShare - now.Sub(a.began)
}

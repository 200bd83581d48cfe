package main

import "time"

// nap is how long sleep sleeps in one piece; the oracle knows it. slack is how late it may wake up on a slow machine.
const (
	nap   = 3 * time.Second
	slack = 2 * time.Second
)

// sleep sleeps, and then looks at the clock: time that the program spent frozen is not its own.
func sleep() {
	start := time.Now()
	say("sleeping")
	time.Sleep(nap)
	took := time.Since(start)
	say("enough", took >= nap, "too much", took >= nap+slack)
	select {
	case <-time.After(slack / 10):
		say("timer")
	case <-time.After(20 * nap):
		say("the later timer came first")
	}
}

package spectest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Run runs scripts, some at the same time, and calls each, which may be nil, with every result in the order of the scripts.
func Run(ctx context.Context, scripts []Script, cfg Config, each func(*Result)) *Report {
	cfg = cfg.withDefaults()
	begin := time.Now()
	results := make([]*Result, len(scripts))
	done := make([]chan struct{}, len(scripts))
	for i := range done {
		done[i] = make(chan struct{})
	}
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range scripts {
			next <- i
		}
	}()
	var workers sync.WaitGroup
	for range min(cfg.Parallel, len(scripts)) {
		workers.Go(func() {
			for i := range next {
				results[i] = runScript(ctx, scripts[i], &cfg)
				close(done[i])
			}
		})
	}
	for i := range scripts {
		<-done[i]
		if each != nil {
			each(results[i])
		}
	}
	workers.Wait()
	return &Report{Scripts: results, Took: time.Since(begin)}
}

// runScript runs a script on a goroutine of its own, and leaves it behind if it hangs.
func runScript(ctx context.Context, file Script, cfg *Config) *Result {
	s := newScript(cfg, file)
	ended := make(chan error, 1)
	go func() { ended <- guarded(func() error { return s.run(ctx) }) }()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				return s.finish(err.Error())
			}
			return s.finish("")
		case <-look.C:
			if s.late() {
				return s.finish(fmt.Sprintf("it hangs: a step has not ended %v after its deadline", hangGrace))
			}
		}
	}
}

package main

import (
	"log/slog"
	"os"
)

// newLogger makes the log of a run: lines on standard error, without the time, which a terminal has no need of.
func newLogger(level slog.Level) *slog.Logger {
	if level == levelOff {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

package wasi

// Every limit of the package stands here, with its reason.
const (
	// maxPath bounds a path that the guest gives. Linux takes 4096; more only costs the host time.
	maxPath = 4096

	// maxFDs bounds the descriptor table. A guest that leaks descriptors meets the host's own limit first; this one is
	// for hostile snapshots, in which a descriptor's number says how long the table has to be.
	maxFDs = 1 << 16

	// maxIovecs bounds the vectors of one call, as IOV_MAX does for the host's writev.
	maxIovecs = 1024

	// maxTransfer bounds the bytes of one call, as the host's own limit does (0x7ffff000 on Linux). The count that is
	// handed back is an u32 which some guests read as signed.
	maxTransfer = 0x7ffff000

	// gatherSize is how large a vectored write to a stream may be to go out as one write, so that the lines of two
	// programs on one terminal do not mix.
	gatherSize = 4096

	// pumpChunk bounds one read of a stream that has to be waited for: a guest that asks for a gigabyte of a terminal
	// must not cost a gigabyte.
	pumpChunk = 64 << 10

	// pollAhead is how much poll_oneoff reads of a stream to learn whether there is something to be read. A line of
	// a terminal comes in one read this way.
	pollAhead = 4096

	// drainWait is how long SaveState waits, in milliseconds, for a read in flight that it has asked to end.
	drainWait = 2000

	// defaultEmbed bounds the contents of unlinked files that go into saved state, see Config.WithUnlinkedLimit.
	defaultEmbed = 64 << 20
)

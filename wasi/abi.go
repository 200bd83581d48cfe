package wasi

// What stands in this file is preview 1's binary interface: numbers, bits and layouts, as its witx gives them. All
// records are little-endian, whatever the host.

// Module is the name under which guests import preview 1.
const Module = "wasi_snapshot_preview1"

// Rights of a descriptor (witx: $rights).
const (
	rightFdDatasync uint64 = 1 << iota
	rightFdRead
	rightFdSeek
	rightFdFdstatSetFlags
	rightFdSync
	rightFdTell
	rightFdWrite
	rightFdAdvise
	rightFdAllocate
	rightPathCreateDirectory
	rightPathCreateFile
	rightPathLinkSource
	rightPathLinkTarget
	rightPathOpen
	rightFdReaddir
	rightPathReadlink
	rightPathRenameSource
	rightPathRenameTarget
	rightPathFilestatGet
	rightPathFilestatSetSize
	rightPathFilestatSetTimes
	rightFdFilestatGet
	rightFdFilestatSetSize
	rightFdFilestatSetTimes
	rightPathSymlink
	rightPathRemoveDirectory
	rightPathUnlinkFile
	rightPollFdReadwrite
	rightSockShutdown
	rightSockAccept

	rightsAll = rightSockAccept<<1 - 1
)

// The rights that mean something for each kind of descriptor; more is never reported.
const (
	rightsFile = rightFdDatasync | rightFdRead | rightFdSeek | rightFdFdstatSetFlags | rightFdSync | rightFdTell |
		rightFdWrite | rightFdAdvise | rightFdAllocate | rightFdFilestatGet | rightFdFilestatSetSize |
		rightFdFilestatSetTimes | rightPollFdReadwrite

	rightsDir = rightFdFdstatSetFlags | rightFdSync | rightFdAdvise | rightPathCreateDirectory | rightPathCreateFile |
		rightPathLinkSource | rightPathLinkTarget | rightPathOpen | rightFdReaddir | rightPathReadlink |
		rightPathRenameSource | rightPathRenameTarget | rightPathFilestatGet | rightPathFilestatSetSize |
		rightPathFilestatSetTimes | rightFdFilestatGet | rightFdFilestatSetTimes | rightPathSymlink |
		rightPathRemoveDirectory | rightPathUnlinkFile | rightPollFdReadwrite

	// rightsStream has neither seek nor tell: libc takes a character device with them for one that is no terminal.
	rightsStream = rightFdRead | rightFdWrite | rightFdFdstatSetFlags | rightFdFilestatGet | rightPollFdReadwrite |
		rightFdDatasync | rightFdSync
)

// Descriptor flags (witx: $fdflags).
const (
	flagAppend uint16 = 1 << iota
	flagDsync
	flagNonblock
	flagRsync
	flagSync

	flagsAll    = flagSync<<1 - 1
	flagsSyncly = flagDsync | flagRsync | flagSync
)

// Flags of path_open (witx: $oflags).
const (
	oflagCreat uint32 = 1 << iota
	oflagDirectory
	oflagExcl
	oflagTrunc

	oflagsAll = oflagTrunc<<1 - 1
)

// lookupFollow is the one flag of path resolution: follow a symbolic link in the last place (witx: $lookupflags).
const lookupFollow uint32 = 1

// Flags of the functions that set times (witx: $fstflags).
const (
	fstAtim uint32 = 1 << iota
	fstAtimNow
	fstMtim
	fstMtimNow

	fstAll = fstMtimNow<<1 - 1
)

// fileType is the type of a file (witx: $filetype).
type fileType byte

const (
	typeUnknown fileType = iota
	typeBlockDevice
	typeCharDevice
	typeDirectory
	typeRegular
	typeSocketDgram
	typeSocketStream
	typeSymlink
)

// Origins of fd_seek (witx: $whence).
const (
	whenceSet = iota
	whenceCur
	whenceEnd
)

// Clocks (witx: $clockid).
const (
	clockRealtime uint32 = iota
	clockMonotonic
	clockProcessCPU
	clockThreadCPU
)

// Kinds of subscriptions and events (witx: $eventtype), and the flags of a clock and of a stream event.
const (
	eventClock byte = iota
	eventRead
	eventWrite

	subclockAbstime uint16 = 1
	eventHangup     uint16 = 1
)

// adviceMax is the last kind of advice (witx: $advice).
const adviceMax = 5

// Sizes of records in guest memory.
const (
	sizeIovec        = 8
	sizeFdstat       = 24
	sizeFilestat     = 64
	sizePrestat      = 8
	sizeDirent       = 24
	sizeSubscription = 48
	sizeEvent        = 32
)

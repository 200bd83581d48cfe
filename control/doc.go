// Package control lets other processes of the same user find a running program and ask something of it.
//
// A process that runs a program opens a [Server]: a unix socket, named after the program's ID, in a folder that only
// the user can enter. [List] asks every socket there what it is; [Checkpoint] asks one for a snapshot.
//
// # Who may ask
//
// Whoever can connect may stop the program and write its memory to a file, so the folder is the lock. It is "godwit" in
// $XDG_RUNTIME_DIR, or "godwit-UID" in the folder for temporary files where there is no such variable. It is used only if
// it is a folder and no link, belongs to the user, and gives nobody else a permission; and if what it stands in lets nobody
// else put another one in its place. Sockets have mode 0600 besides.
//
// # The protocol
//
// Version 1: a client connects, writes one request, reads one response, both a line of JSON, and hangs up. Fields that
// a side does not know are passed over, so that fields can be added; what changes the meaning of others needs another
// version. While the server works the client may hang up, which calls the request off.
//
//	{"version":1,"op":"status"}
//	{"version":1,"status":{"id":"k7f2","pid":4711,"file":"/home/u/prog.wasm",...}}
//
//	{"version":1,"op":"checkpoint","checkpoint":{"path":"/home/u/prog.snapshot","stop":true}}
//	{"version":1,"checkpoint":{"path":"/home/u/prog.snapshot","size":1234567,"took":8123456,...}}
//
//	{"version":1,"error":"the program has ended"}
//
// A peer is not trusted with resources: requests and responses have a size limit, connections a number, and each step
// but the work itself a deadline.
//
// # Life of a socket
//
// A socket is made under a name that begins with a dot and gets its own when it listens, so that whoever finds it can
// connect; one that refuses belongs to a process that has died, and is removed by whoever finds it: a client, or the
// next server.
package control

// quarterback.go takes TCP connections and passes each one on, over a Unix socket.
//
//	GO111MODULE=off go build -o /tmp/quarterback-go quarterback.go
//	/tmp/quarterback-go PORT SOCKETPATH
//
// It does what tests/peers/quarterback.c does.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"syscall"
	"time"
)

func connect(path string) *net.UnixConn {
	for {
		wire, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		if err == nil {
			return wire
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: quarterback PORT SOCKETPATH")
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	wire := connect(os.Args[2])
	greeting := []byte(fmt.Sprintf("Hello from Quarterback on PID (%d)!\n", os.Getpid()))
	for {
		user, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		if _, err := user.Write(greeting); err == nil {
			// The number itself: File() would make a duplicate, and the wire receiver's copy blocking.
			raw, err := user.(*net.TCPConn).SyscallConn()
			if err != nil {
				log.Fatal(err)
			}
			raw.Control(func(fd uintptr) {
				if _, _, err := wire.WriteMsgUnix([]byte{1}, syscall.UnixRights(int(fd)), nil); err != nil {
					log.Fatal(err)
				}
			})
		}
		user.Close()
	}
}

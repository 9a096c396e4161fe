package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// runAsInit performs the duties of process 1 of a container and returns the exit code: it forwards signals and reaps
// the orphans, which are the shims of containerd here. The program itself runs as a child process, because a process
// that reaps every orphan would also take the exit statuses for which os/exec waits. k3d starts its nodes under
// docker-init, and then this function is not used.
func runAsInit() int {
	child, err := os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		fmt.Printf("process 1 could not start this program as a child process: %v; check that /proc is mounted\n", err)
		return 1
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP)
	go func() {
		for received := range signals {
			_ = child.Signal(received) // fails if the child has exited, which the loop below detects
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 1
		case pid == child.Pid && status.Signaled():
			return 128 + int(status.Signal())
		case pid == child.Pid && status.Exited():
			return status.ExitStatus()
		}
	}
}

// Command node is the entrypoint of the lab's k3d node image: a whole one-node Kubernetes in one container, behind the
// command line of k3s.
//
// k3d starts its node image as `k3s server …`, writes files into it, reads a kubeconfig out of it, and waits for
// certain lines of its log. This program answers to all of that, and runs the upstream programs instead of k3s. What
// k3d expects is cited where it is met, as a path in the module github.com/k3d-io/k3d/v5@v5.6.0.
package main

import (
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	started := time.Now()
	if os.Getpid() == 1 {
		os.Exit(beInit())
	}
	log.SetOutput(os.Stdout) // what `docker logs` shows, and what k3d reads
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	if err := run(os.Args[1:], started); err != nil {
		// k3d waits for another attempt only when the last line it saw holds "level=fatal" (pkg/client/node.go,
		// NodeWaitForLogMessage). Another attempt would fail the same way, so the line does not hold it.
		log.Printf("the node stops: %v", err)
		os.Exit(1)
	}
}

func run(args []string, started time.Time) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)

	options, err := parse(args, os.Getenv)
	if err != nil {
		return err
	}
	for _, note := range options.notes {
		log.Print(note)
	}
	node, err := prepare(options)
	if err != nil {
		return err
	}

	children := newSupervisor(logDirectory)
	broken := make(chan error, 1)
	go func() {
		if err := bringUp(node, children, started); err != nil {
			broken <- err
		}
	}()
	select {
	case received := <-signals:
		log.Printf("%v: ending the programs", received)
		children.stop()
		return nil
	case err = <-children.died:
	case err = <-broken:
	}
	children.stop()
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// proxy keeps nginx running with the configuration that the values file asks for.
type proxy struct {
	values, config, nginx string

	asked   string  // the values as last read
	applied string  // the configuration nginx has
	failed  *string // the values whose failure was already told
	server  *exec.Cmd
	ended   chan error
}

// run keeps the proxy until the context ends or nginx ends by itself, and returns the exit code.
func (p *proxy) run(ctx context.Context, look <-chan time.Time) int {
	for {
		p.look(ctx)
		select {
		case <-look:
		case <-ctx.Done():
			if p.server == nil {
				return 0
			}
			<-p.ended
			return p.server.ProcessState.ExitCode()
		case err := <-p.ended:
			log.Printf("nginx ended by itself: %v", err)
			return 1
		}
	}
}

// look applies the values file if it asks for something new. What fails is tried again at the next look, since a
// node's name resolves only while the node runs, but it is told once.
func (p *proxy) look(ctx context.Context) {
	err := p.apply(ctx)
	if err == nil {
		p.failed = nil
	} else if p.failed == nil || *p.failed != p.asked {
		log.Print(err)
		told := p.asked
		p.failed = &told
	}
}

func (p *proxy) apply(ctx context.Context) error {
	text, err := os.ReadFile(p.values)
	p.asked = string(text)
	if err != nil {
		return err
	}
	config, err := render(text)
	if err != nil {
		return fmt.Errorf("%s: %w", p.values, err)
	}
	if config == p.applied {
		return nil
	}
	if err := p.install(ctx, config); err != nil {
		return err
	}
	if p.server == nil {
		err = p.start(ctx)
	} else {
		err = p.call(ctx, "-s", "reload", "-c", p.config)
	}
	if err != nil {
		return err
	}
	log.Printf("nginx now has this configuration:\n%s", config)
	p.applied = config
	return nil
}

// install puts the configuration where nginx reads it, unless nginx refuses it.
func (p *proxy) install(ctx context.Context, config string) error {
	candidate := p.config + ".new"
	if err := os.WriteFile(candidate, []byte(config), 0o644); err != nil {
		return err
	}
	if err := p.call(ctx, "-q", "-t", "-c", candidate); err != nil {
		return err
	}
	return os.Rename(candidate, p.config)
}

// call runs nginx for a moment: seconds, where it waits for a name to resolve. Its error is what nginx said, since k3d
// looks for that.
func (p *proxy) call(ctx context.Context, arguments ...string) error {
	output, err := exec.CommandContext(ctx, p.nginx, append([]string{"-e", "stderr"}, arguments...)...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%s %v: %w\n%s", p.nginx, arguments, err, output)
	}
	return err
}

func (p *proxy) start(ctx context.Context) error {
	server := exec.CommandContext(ctx, p.nginx, "-e", "stderr", "-c", p.config, "-g", "daemon off;")
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	server.Stdout, server.Stderr = os.Stdout, os.Stderr
	if err := server.Start(); err != nil {
		return err
	}
	p.server, p.ended = server, make(chan error, 1)
	go func() { p.ended <- server.Wait() }()
	return nil
}

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

// proxy keeps nginx running with the configuration of the values file.
type proxy struct {
	values, config, nginx string // paths

	current  string  // the values file as last read
	applied  string  // the configuration that nginx has
	reported *string // the values file whose error has been logged
	server   *exec.Cmd
	exited   chan error
}

// run keeps nginx running until the context is done or nginx exits, and returns the exit code. It checks the values
// file at the start and at each tick.
func (p *proxy) run(ctx context.Context, ticks <-chan time.Time) int {
	for {
		p.check(ctx)
		select {
		case <-ticks:
		case <-ctx.Done():
			if p.server == nil {
				return 0
			}
			<-p.exited
			return p.server.ProcessState.ExitCode()
		case err := <-p.exited:
			log.Printf("nginx exited unexpectedly: %v", err)
			return 1
		}
	}
}

// check applies the values file if it has changed. A failure is retried at the next check, because the name of a node
// resolves only while the node runs, but it is logged only once for the same values.
func (p *proxy) check(ctx context.Context) {
	err := p.apply(ctx)
	if err == nil {
		p.reported = nil
	} else if p.reported == nil || *p.reported != p.current {
		log.Print(err)
		values := p.current
		p.reported = &values
	}
}

// apply reads the values file, and starts or reloads nginx if the configuration differs from the applied one.
func (p *proxy) apply(ctx context.Context) error {
	text, err := os.ReadFile(p.values)
	p.current = string(text)
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
		err = p.runNginx(ctx, "-s", "reload", "-c", p.config)
	}
	if err != nil {
		return err
	}
	log.Printf("applied this configuration of nginx:\n%s", config)
	p.applied = config
	return nil
}

// install writes the configuration to the file that nginx reads, unless nginx rejects it.
func (p *proxy) install(ctx context.Context, config string) error {
	candidate := p.config + ".new"
	if err := os.WriteFile(candidate, []byte(config), 0o644); err != nil {
		return err
	}
	if err := p.runNginx(ctx, "-q", "-t", "-c", candidate); err != nil {
		return err
	}
	return os.Rename(candidate, p.config)
}

// runNginx runs nginx until it exits, which takes seconds if it waits for a name to resolve. The error contains the
// output of nginx, because k3d searches the log for it.
func (p *proxy) runNginx(ctx context.Context, arguments ...string) error {
	output, err := exec.CommandContext(ctx, p.nginx, append([]string{"-e", "stderr"}, arguments...)...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%s %v: %w\n%s", p.nginx, arguments, err, output)
	}
	return err
}

// start starts nginx as the server.
func (p *proxy) start(ctx context.Context) error {
	server := exec.CommandContext(ctx, p.nginx, "-e", "stderr", "-c", p.config, "-g", "daemon off;")
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	server.Stdout, server.Stderr = os.Stdout, os.Stderr
	if err := server.Start(); err != nil {
		return err
	}
	p.server, p.exited = server, make(chan error, 1)
	go func() { p.exited <- server.Wait() }()
	return nil
}

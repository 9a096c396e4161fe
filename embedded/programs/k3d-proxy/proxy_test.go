package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeNginx records its arguments. Its behavior depends on the names of the servers in the configuration: it rejects
// "missing", needs a long time to check "slow", and exits immediately with "crashing". Otherwise it runs until SIGTERM.
const fakeNginx = `#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
case "$*" in
*" -t "*) for config; do :; done
  grep -q slow "$config" && exec sleep 60
  grep -q missing "$config" && echo 'host not found in upstream "missing:80"' && exit 1
  exit 0 ;;
*daemon*) grep -q crashing "$(dirname "$0")/nginx.conf" && exit 4
  trap 'exit 3' TERM; echo yes > "$(dirname "$0")/serving"; while :; do sleep 0.01; done ;;
esac
`

// environment is a running proxy with a fake nginx, in a directory of its own.
type environment struct {
	*testing.T
	directory string
	proxy     *proxy
	stop      context.CancelFunc
	ticks     chan time.Time
	exitCode  chan int
}

func newEnvironment(t *testing.T, values string) *environment {
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	e := &environment{T: t, directory: t.TempDir(), stop: stop, ticks: make(chan time.Time), exitCode: make(chan int, 1)}
	if err := os.WriteFile(e.path("nginx"), []byte(fakeNginx), 0o755); err != nil {
		t.Fatal(err)
	}
	e.write(values)
	e.proxy = &proxy{values: e.path("values.yaml"), config: e.path("nginx.conf"), nginx: e.path("nginx")}
	go func() { e.exitCode <- e.proxy.run(ctx, e.ticks) }()
	return e
}

func (e *environment) path(name string) string { return filepath.Join(e.directory, name) }

func (e *environment) write(values string) {
	if err := os.WriteFile(e.path("values.yaml"), []byte(values), 0o600); err != nil {
		e.Fatal(err)
	}
}

// tick triggers a check of the values file, and returns after at least one complete check.
func (e *environment) tick() {
	e.ticks <- time.Time{}
	e.ticks <- time.Time{}
}

func (e *environment) read(name string) string {
	text, err := os.ReadFile(e.path(name))
	if err != nil && !os.IsNotExist(err) {
		e.Fatal(err)
	}
	return string(text)
}

// countCalls returns the number of calls of nginx with an argument.
func (e *environment) countCalls(argument string) int {
	return strings.Count(e.read("calls"), argument)
}

func (e *environment) waitUntil(satisfied func() bool) {
	for range [500]int{} {
		if satisfied() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	e.Fatalf("timed out; calls of nginx:\n%s", e.read("calls"))
}

// end stops the proxy after nginx has started to serve, and returns the exit code.
func (e *environment) end() int {
	e.waitUntil(func() bool { return e.read("serving") != "" })
	e.stop()
	return <-e.exitCode
}

func TestNginxIsStartedWithTheValues(t *testing.T) {
	e := newEnvironment(t, "ports: {80.tcp: [server-0]}")
	e.tick()
	if !strings.Contains(e.read("nginx.conf"), "server server-0:80 ") {
		t.Errorf("got the configuration\n%s", e.read("nginx.conf"))
	}
	if code := e.end(); code != 3 {
		t.Errorf("exit code %d, want 3, the exit code of nginx", code)
	}
	if e.countCalls("daemon off;") != 1 {
		t.Errorf("calls of nginx:\n%s", e.read("calls"))
	}
}

func TestNginxIsReloadedWhenTheValuesChange(t *testing.T) {
	e := newEnvironment(t, "ports: {80.tcp: [server-0]}")
	e.tick()
	if e.countCalls("reload") != 0 {
		t.Error("nginx was reloaded without a change")
	}
	e.write("ports: {80.tcp: [server-0, server-1]}")
	e.tick()
	if !strings.Contains(e.read("nginx.conf"), "server server-1:80 ") || e.countCalls("reload") != 1 {
		t.Errorf("calls of nginx:\n%s\nconfiguration:\n%s", e.read("calls"), e.read("nginx.conf"))
	}
	e.end()
}

func TestARejectedConfigurationIsNotInstalled(t *testing.T) {
	e := newEnvironment(t, "ports: {80.tcp: [server-0]}")
	e.tick()
	e.write("ports: {80.tcp: [missing]}")
	e.tick()
	if strings.Contains(e.read("nginx.conf"), "missing") || e.countCalls("reload") != 0 {
		t.Errorf("calls of nginx:\n%s\nconfiguration:\n%s", e.read("calls"), e.read("nginx.conf"))
	}
	e.end()
}

func TestNginxIsNotStartedBeforeItAcceptsTheValues(t *testing.T) {
	e := newEnvironment(t, "ports: {80.tcp: [missing]}")
	e.tick()
	if e.countCalls("daemon off;") != 0 {
		t.Error("nginx was started with a configuration that it rejects")
	}
	e.write("ports: {80.tcp: [server-0]}")
	e.tick()
	e.end()
	if e.countCalls("daemon off;") != 1 {
		t.Errorf("calls of nginx:\n%s", e.read("calls"))
	}
}

func TestAWaitingProxyCanBeStopped(t *testing.T) {
	for _, values := range []string{"", "ports: {80.tcp: [slow]}"} {
		e := newEnvironment(t, values)
		if values != "" {
			e.waitUntil(func() bool { return e.countCalls(" -t ") == 1 })
		}
		e.stop()
		if code := <-e.exitCode; code != 0 {
			t.Errorf("with the values %q: exit code %d, want 0", values, code)
		}
	}
}

func TestTheProxyExitsWhenNginxExits(t *testing.T) {
	e := newEnvironment(t, "ports: {80.tcp: [crashing]}")
	if code := <-e.exitCode; code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
}

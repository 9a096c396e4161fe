package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeNginx notes how it was called. It refuses a configuration with a server called "gone", takes its time over one
// called "slow", dies of one called "dying", and otherwise serves until it is told to end.
const fakeNginx = `#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
case "$*" in
*" -t "*) for config; do :; done
  grep -q slow "$config" && exec sleep 60
  grep -q gone "$config" && echo 'host not found in upstream "gone:80"' && exit 1
  exit 0 ;;
*daemon*) grep -q dying "$(dirname "$0")/nginx.conf" && exit 4
  trap 'exit 3' TERM; echo yes > "$(dirname "$0")/serving"; while :; do sleep 0.01; done ;;
esac
`

// room is a proxy with a fake nginx, and what it takes to watch the two.
type room struct {
	*testing.T
	folder string
	proxy  *proxy
	stop   context.CancelFunc
	look   chan time.Time
	exit   chan int
}

func newRoom(t *testing.T, values string) *room {
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	r := &room{T: t, folder: t.TempDir(), stop: stop, look: make(chan time.Time), exit: make(chan int, 1)}
	if err := os.WriteFile(r.path("nginx"), []byte(fakeNginx), 0o755); err != nil {
		t.Fatal(err)
	}
	r.write(values)
	r.proxy = &proxy{values: r.path("values.yaml"), config: r.path("nginx.conf"), nginx: r.path("nginx")}
	go func() { r.exit <- r.proxy.run(ctx, r.look) }()
	return r
}

func (r *room) path(name string) string { return filepath.Join(r.folder, name) }

func (r *room) write(values string) {
	if err := os.WriteFile(r.path("values.yaml"), []byte(values), 0o600); err != nil {
		r.Fatal(err)
	}
}

// lookAgain lets the proxy look at its values, and returns when it has done so at least once since.
func (r *room) lookAgain() {
	r.look <- time.Time{}
	r.look <- time.Time{}
}

func (r *room) read(name string) string {
	text, err := os.ReadFile(r.path(name))
	if err != nil && !os.IsNotExist(err) {
		r.Fatal(err)
	}
	return string(text)
}

func (r *room) calls(part string) int { return strings.Count(r.read("calls"), part) }

func (r *room) until(satisfied func() bool) {
	for range [500]int{} {
		if satisfied() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.Fatalf("nginx was called\n%s", r.read("calls"))
}

// end stops the proxy once nginx serves, and returns the exit code.
func (r *room) end() int {
	r.until(func() bool { return r.read("serving") != "" })
	r.stop()
	return <-r.exit
}

func TestNginxServesWhatTheValuesSay(t *testing.T) {
	r := newRoom(t, "ports: {80.tcp: [server-0]}")
	r.lookAgain()
	if !strings.Contains(r.read("nginx.conf"), "server server-0:80 ") {
		t.Errorf("got the configuration\n%s", r.read("nginx.conf"))
	}
	if code := r.end(); code != 3 {
		t.Errorf("exit code %d, want nginx's own", code)
	}
	if r.calls("daemon off;") != 1 {
		t.Errorf("nginx was called\n%s", r.read("calls"))
	}
}

func TestNginxIsReloadedWhenTheValuesChange(t *testing.T) {
	r := newRoom(t, "ports: {80.tcp: [server-0]}")
	r.lookAgain()
	if r.calls("reload") != 0 {
		t.Error("nginx was reloaded though nothing had changed")
	}
	r.write("ports: {80.tcp: [server-0, server-1]}")
	r.lookAgain()
	if !strings.Contains(r.read("nginx.conf"), "server server-1:80 ") || r.calls("reload") != 1 {
		t.Errorf("nginx was called\n%s\nand has\n%s", r.read("calls"), r.read("nginx.conf"))
	}
	r.end()
}

func TestARefusedConfigurationNeverReachesNginx(t *testing.T) {
	r := newRoom(t, "ports: {80.tcp: [server-0]}")
	r.lookAgain()
	r.write("ports: {80.tcp: [gone]}")
	r.lookAgain()
	if strings.Contains(r.read("nginx.conf"), "gone") || r.calls("reload") != 0 {
		t.Errorf("nginx was called\n%s\nand has\n%s", r.read("calls"), r.read("nginx.conf"))
	}
	r.end()
}

func TestTheProxyWaitsForValuesThatNginxAccepts(t *testing.T) {
	r := newRoom(t, "ports: {80.tcp: [gone]}")
	r.lookAgain()
	if r.calls("daemon off;") != 0 {
		t.Error("nginx was started with a configuration it refuses")
	}
	r.write("ports: {80.tcp: [server-0]}")
	r.lookAgain()
	r.end()
	if r.calls("daemon off;") != 1 {
		t.Errorf("nginx was called\n%s", r.read("calls"))
	}
}

func TestAProxyThatWaitsCanBeStopped(t *testing.T) {
	for _, values := range []string{"", "ports: {80.tcp: [slow]}"} {
		r := newRoom(t, values)
		if values != "" {
			r.until(func() bool { return r.calls(" -t ") == 1 })
		}
		r.stop()
		if code := <-r.exit; code != 0 {
			t.Errorf("with the values %q: exit code %d, want 0", values, code)
		}
	}
}

func TestTheProxyEndsWithNginx(t *testing.T) {
	r := newRoom(t, "ports: {80.tcp: [dying]}")
	if code := <-r.exit; code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
}

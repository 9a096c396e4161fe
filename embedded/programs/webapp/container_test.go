package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var (
	activator  = container{Name: "activator", Pods: "activator-", Command: []string{"/ko-app/activator", "--pod=$(TEST_POD)"}}
	webhook    = container{Name: "webhook", Pods: "webhook-"}
	controller = container{Name: "controller", Pods: "kserve-controller-manager-", Command: []string{"/manager", "--metrics-addr=:8080"}}
	proxy      = container{Name: "proxy", Pods: "kserve-controller-manager-", Command: []string{"--upstream=http://127.0.0.1:8080/", "--v=10"}}
	longName   = container{Name: "long", Pods: strings.Repeat("a", 62) + "-controller-"}
	other      = container{Name: "other", Pods: "webhook-other-"}
	table      = []container{activator, webhook, controller, proxy, longName, other}
)

func TestTheContainerIsSelectedByHostnameAndCommand(t *testing.T) {
	t.Setenv("TEST_POD", "activator-1")
	for _, test := range []struct {
		hostname string
		argv     []string
		expected string
	}{
		{"activator-6b9f4c7d8-x2x4z", []string{"/ko-app/activator", "--pod=activator-1"}, "activator"},
		{"webhook-6b9f4c7d8-x2x4z", []string{"/webapp"}, "webhook"},
		{"webhook-other-6b9f4c7d8-x2x4z", []string{"/webapp"}, "other"},
		{"kserve-controller-manager-0", []string{"/manager", "--metrics-addr=:8080"}, "controller"},
		{"kserve-controller-manager-0", []string{"/webapp", "--upstream=http://127.0.0.1:8080/", "--v=10"}, "proxy"},
		{"kserve-controller-manager-0", []string{"/manager", "--metrics-addr=:9090"}, "controller"},
		{strings.Repeat("a", 62), []string{"/webapp"}, "long"},
	} {
		candidates := containersOfPod(table, test.hostname)
		if len(candidates) == 0 {
			t.Errorf("%s: no candidates", test.hostname)
		} else if selected := selectContainer(candidates, test.argv); selected.Name != test.expected {
			t.Errorf("%s %q: %s, expected %s", test.hostname, test.argv, selected.Name, test.expected)
		}
	}
	if candidates := containersOfPod(table, "notebook-0"); candidates != nil {
		t.Errorf("%v", candidates)
	}
	if candidates := containersOfPod([]container{{Name: "any"}}, "notebook-0"); len(candidates) != 1 {
		t.Errorf("%v", candidates)
	}
}

func TestWithFewerOtherWordsAContainerIsPreferred(t *testing.T) {
	short, long := container{Name: "short", Command: []string{"/manager"}}, container{Name: "long", Command: []string{"/manager", "-v"}}
	if selected := selectContainer([]container{long, short}, []string{"/manager"}); selected.Name != "short" {
		t.Error(selected.Name)
	}
	if selected := selectContainer([]container{long, short}, []string{"/manager", "-v"}); selected.Name != "long" {
		t.Error(selected.Name)
	}
}

func TestVariablesAreReplacedAsByTheKubelet(t *testing.T) {
	t.Setenv("TEST_SET", "value")
	os.Unsetenv("TEST_UNSET")
	words := []string{"-a=$(TEST_SET)/$(TEST_SET)", "$(TEST_UNSET)", "$$(TEST_SET)", "$TEST_SET", "$(date +%s)"}
	expected := []string{"-a=value/value", "$(TEST_UNSET)", "$(TEST_SET)", "$TEST_SET", "$(date +%s)"}
	if expanded := expandAll(words); !reflect.DeepEqual(expanded, expected) {
		t.Errorf("%q", expanded)
	}
}

func TestAnExecProbeChecksThePortsOfItsContainer(t *testing.T) {
	open, closed := serveOnFreePort(t, t.TempDir()), freePort(t)
	probe := []string{"/bin/sh", "-c", "mysqladmin ping"}
	for _, test := range []struct {
		ports []int
		fails bool
	}{{[]int{open}, false}, {[]int{open, closed}, true}, {nil, false}} {
		containers := []container{{Name: "database", Pods: "mysql-", Command: []string{"/bin/sh", "-c", "mysqld"}, Ports: test.ports, Probes: [][]string{probe}}}
		for _, hostname := range []string{"mysql-0", "another-pod"} {
			err := runContainer(context.Background(), containers, hostname, probe)
			if (err != nil) != test.fails {
				t.Errorf("%v %s: %v", test.ports, hostname, err)
			}
		}
	}
}

func TestTheCommandOfAContainerIsNoProbe(t *testing.T) {
	port := freePort(t)
	command := []string{"/bin/server"}
	startInBackground(t, func(ctx context.Context) error {
		return runContainer(ctx, []container{{Command: command, Ports: []int{port}, Probes: [][]string{command}}}, "pod", command)
	})
	waitForPort(t, port)
}

func TestAPodOfAControllerServesAllPorts(t *testing.T) {
	first, second := freePort(t), freePort(t)
	containers := []container{
		{Pods: "first-", Ports: []int{first}, Ends: true}, {Pods: "second-", Ports: []int{second, first}, Role: []string{"dashboard"}},
	}
	startInBackground(t, func(ctx context.Context) error {
		return runContainer(ctx, containers, "another-pod", []string{"/webapp"})
	})
	waitForPort(t, first)
	waitForPort(t, second)
}

func TestAContainerRunsUntilItIsStopped(t *testing.T) {
	for name, test := range map[string]struct {
		container container
		ends      bool
	}{"without ports": {container{}, false}, "of a Job": {container{Ends: true, Ports: []int{1}}, true}} {
		ctx, stop := context.WithCancel(context.Background())
		exited := make(chan error, 1)
		go func() { exited <- runContainer(ctx, []container{test.container}, "pod", []string{"/webapp"}) }()
		select {
		case err := <-exited:
			if err != nil || !test.ends {
				t.Errorf("a container %s ends: %v", name, err)
			}
		case <-time.After(200 * time.Millisecond):
			if test.ends {
				t.Errorf("a container %s does not end", name)
			}
		}
		stop()
	}
}

func TestTheFileOfTheImageDescribesItsContainers(t *testing.T) {
	port := freePort(t)
	file := filepath.Join(t.TempDir(), "stand-in.json")
	content, _ := json.Marshal(object{"containers": []object{{"name": "Deployment kubeflow/minio, container minio", "ports": []int{port}}}})
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	startInBackground(t, func(ctx context.Context) error { return start(ctx, []string{"/usr/bin/minio", "server"}, file) })
	waitForPort(t, port)
	request, _ := http.NewRequest(http.MethodGet, "http://"+address(port)+"/minio/login", nil)
	const expected = "stand-in for Deployment kubeflow/minio, container minio: "
	if _, body := receive(t, newClient(t, nil, (*http.Protocols).SetHTTP1), request); !strings.HasPrefix(body, expected) {
		t.Error(body)
	}
}

func TestARoleHasPriorityOverTheFileOfTheImage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stand-in.json")
	if err := os.WriteFile(file, []byte("no JSON"), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	startInBackground(t, func(ctx context.Context) error {
		return start(ctx, []string{"/webapp", "idle", "ml-pipeline-ui-artifact", strings.TrimPrefix(address(port), "127.0.0.1:")}, file)
	})
	waitForPort(t, port)
}

func TestAnImageWithoutAnUsableFileIsRejected(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stand-in.json")
	for content, text := range map[string]string{"no JSON": file, `{"containers": []}`: "describes no container", "": "no role given"} {
		if content != "" {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err := start(context.Background(), []string{"/webapp"}, file); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

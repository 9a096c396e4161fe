package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestHasSysResource(t *testing.T) {
	for _, test := range []struct {
		name, status string
		has, fails   bool
	}{
		{"complete", "Name:\trunc\nCapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n", true, false},
		{"without CAP_SYS_RESOURCE", "CapEff:\t000001ffffffffff\nCapBnd:\t000001fffeffffff\n", false, false},
		{"with CAP_SYS_RESOURCE alone", "CapBnd:\t0000000001000000\n", true, false},
		{"empty bounding set", "CapBnd:\t0000000000000000\n", false, false},
		{"no bounding set", "Name:\trunc\n", false, true},
		{"not a number", "CapBnd:\tall\n", false, true},
		{"empty file", "", false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			has, err := hasSysResource(test.status)
			if (err != nil) != test.fails {
				t.Fatalf("error %v", err)
			}
			if has != test.has {
				t.Errorf("got %v", has)
			}
		})
	}
}

func TestFindSpecification(t *testing.T) {
	for _, test := range []struct {
		arguments string
		file      string
		inBundle  bool
	}{
		{"--root /run/runc create --bundle /run/bundle --pid-file /run/pid id", "/run/bundle/config.json", true},
		{"--root=/run/runc create --bundle=/run/bundle id", "/run/bundle/config.json", true},
		{"create -b /run/bundle id", "/run/bundle/config.json", true},
		{"run -b /run/bundle id", "/run/bundle/config.json", true},
		{"create id", "config.json", true},
		{"exec --process /run/process.json --detach id", "/run/process.json", false},
		{"exec -p /run/process.json id", "/run/process.json", false},
		{"--log /run/log.json exec --process=/run/process.json id", "/run/process.json", false},
		// Without a process file the capabilities are those of the container, whose bundle has been changed at its
		// start.
		{"exec id sh", "", false},
		{"start id", "", false},
		{"--root /run/runc delete --force id", "", false},
		{"--version", "", false},
		{"", "", false},
	} {
		t.Run(test.arguments, func(t *testing.T) {
			file, inBundle := findSpecification(strings.Fields(test.arguments))
			if file != test.file || inBundle != test.inBundle {
				t.Errorf("got %q, %v", file, inBundle)
			}
		})
	}
}

func TestRemoveSysResourceKeepsEverythingElse(t *testing.T) {
	for _, test := range []struct {
		name, before, after string
		inBundle            bool
	}{
		{
			"all sets of a bundle",
			`{"ociVersion":"1.0.2","process":{"args":["sh"],"capabilities":{
				"bounding":["CAP_CHOWN","CAP_SYS_RESOURCE","CAP_KILL"],"effective":["CAP_SYS_RESOURCE"],"ambient":[]}}}`,
			`{"ociVersion":"1.0.2","process":{"args":["sh"],"capabilities":{
				"bounding":["CAP_CHOWN","CAP_KILL"],"effective":[],"ambient":[]}}}`,
			true,
		},
		{
			"a process file",
			`{"args":["CAP_SYS_RESOURCE"],"capabilities":{"permitted":["CAP_SYS_RESOURCE","CAP_KILL"]}}`,
			`{"args":["CAP_SYS_RESOURCE"],"capabilities":{"permitted":["CAP_KILL"]}}`,
			false,
		},
		{
			"limits that a float64 cannot represent",
			`{"process":{"rlimits":[{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":9007199254740993}],
				"capabilities":{"bounding":["CAP_SYS_RESOURCE"]}},"linux":{"resources":{"memory":{"limit":9223372036854775807}}}}`,
			`{"process":{"rlimits":[{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":9007199254740993}],
				"capabilities":{"bounding":[]}},"linux":{"resources":{"memory":{"limit":9223372036854775807}}}}`,
			true,
		},
		{
			"strings with special characters",
			`{"process":{"env":["A=<&>\u00e4\"\\"],"capabilities":{"bounding":["CAP_KILL"]}}}`,
			`{"process":{"env":["A=<&>ä\"\\"],"capabilities":{"bounding":["CAP_KILL"]}}}`,
			true,
		},
		{"no capabilities", `{"process":{"args":["sh"]}}`, `{"process":{"args":["sh"]}}`, true},
		{"no process", `{"hostname":"lab"}`, `{"hostname":"lab"}`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := writeFile(t, test.before)
			if err := removeSysResource(file, test.inBundle); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := decode(t, string(content)), decode(t, test.after); !reflect.DeepEqual(got, want) {
				t.Errorf("got %s", content)
			}
		})
	}
}

func TestUnreadableSpecificationIsReportedWithItsPath(t *testing.T) {
	broken := writeFile(t, `{"process":`)
	missing := filepath.Join(t.TempDir(), "config.json")
	for _, file := range []string{broken, missing} {
		if err := removeSysResource(file, true); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v", file, err)
		}
	}
	if content, _ := os.ReadFile(broken); string(content) != `{"process":` {
		t.Errorf("the file was changed to %s", content)
	}
}

// writeFile writes content to a temporary file, and returns its path.
func writeFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// decode parses JSON and keeps its numbers as they are written.
func decode(t *testing.T, content string) any {
	t.Helper()
	var value any
	decoder := json.NewDecoder(strings.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

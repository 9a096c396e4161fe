package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// kubernetesVersion is the version of the Kubernetes in the image.
type kubernetesVersion struct {
	text  string // as in v1.25.4
	minor int
}

var versionPattern = regexp.MustCompile(`v1\.(\d+)\.\d+\S*`)

// parseKubernetesVersion finds the version in a text of a program of Kubernetes.
func parseKubernetesVersion(text string) (kubernetesVersion, error) {
	found := versionPattern.FindStringSubmatch(text)
	if found == nil {
		return kubernetesVersion{}, fmt.Errorf("the kubelet reports no version: expected a text as in Kubernetes v1.25.4, seen %q", text)
	}
	minor, err := strconv.Atoi(found[1])
	if err != nil {
		return kubernetesVersion{}, fmt.Errorf("the version %s of the kubelet is invalid: %w", found[0], err)
	}
	return kubernetesVersion{found[0], minor}, nil
}

// findKubernetesVersion asks the kubelet, which every node has.
func findKubernetesVersion() (kubernetesVersion, error) {
	output, err := exec.Command("kubelet", "--version").Output()
	if err != nil {
		return kubernetesVersion{}, fmt.Errorf("the kubelet's version could not be read: %w; check that the image contains it", err)
	}
	return parseKubernetesVersion(string(output))
}

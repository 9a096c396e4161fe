package main

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// kubeconfig contains the fields of the format that kubeadm writes.
type kubeconfig struct {
	APIVersion     string         `json:"apiVersion"`
	Kind           string         `json:"kind"`
	Clusters       []namedCluster `json:"clusters"`
	Users          []namedUser    `json:"users"`
	Contexts       []namedContext `json:"contexts"`
	CurrentContext string         `json:"current-context"`
}

type namedCluster struct {
	Name    string `json:"name"`
	Cluster struct {
		Server string `json:"server"`
		CA     []byte `json:"certificate-authority-data"`
	} `json:"cluster"`
}

type namedUser struct {
	Name string `json:"name"`
	User struct {
		Certificate []byte `json:"client-certificate-data"`
		Key         []byte `json:"client-key-data"`
	} `json:"user"`
}

type namedContext struct {
	Name    string `json:"name"`
	Context struct {
		Cluster string `json:"cluster"`
		User    string `json:"user"`
	} `json:"context"`
}

// parseKubeconfig parses a kubeconfig of kubeadm, which has one cluster, one user and one context.
func parseKubeconfig(content []byte) (kubeconfig, error) {
	var parsed kubeconfig
	if err := yaml.Unmarshal(content, &parsed); err != nil {
		return parsed, fmt.Errorf("the kubeconfig of kubeadm could not be parsed: %w", err)
	}
	if len(parsed.Clusters) != 1 || len(parsed.Users) != 1 || len(parsed.Contexts) != 1 {
		return parsed, fmt.Errorf("unexpected kubeconfig of kubeadm: expected one cluster, one user and one context, seen %d, %d and %d",
			len(parsed.Clusters), len(parsed.Users), len(parsed.Contexts))
	}
	return parsed, nil
}

// withName returns a copy in which cluster, user and context have this name.
func (k kubeconfig) withName(name string) kubeconfig {
	cluster, user, context := k.Clusters[0], k.Users[0], k.Contexts[0]
	cluster.Name, user.Name, context.Name = name, name, name
	context.Context.Cluster, context.Context.User = name, name
	k.Clusters, k.Users, k.Contexts = []namedCluster{cluster}, []namedUser{user}, []namedContext{context}
	k.CurrentContext = name
	return k
}

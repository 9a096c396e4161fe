package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// idle answers everything, and says in whose place.
func idle(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "stand-in of %s: it does nothing but answer\n", name)
	})
}

// serveIdle listens at ports, given as PORT or PORT/https. Without any it only waits.
func serveIdle(ctx context.Context, name string, ports []string) error {
	listeners := make(map[net.Listener]http.Handler)
	for _, given := range ports {
		number, protocol, _ := strings.Cut(given, "/")
		if _, err := strconv.ParseUint(number, 10, 16); err != nil || (protocol != "" && protocol != "https") {
			return fmt.Errorf("%q is no port: say PORT or PORT/https", given)
		}
		listener, err := net.Listen("tcp", ":"+number)
		if err != nil {
			return err
		}
		if protocol == "https" {
			certificate, err := selfSigned(name)
			if err != nil {
				return err
			}
			listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
		}
		listeners[listener] = idle(name)
	}
	return serveOn(ctx, listeners)
}

// selfSigned makes a certificate that nobody trusts, which is all that a kubelet's probe asks for.
func selfSigned(name string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}, err
}

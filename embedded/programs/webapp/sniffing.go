package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

const (
	// tlsHandshake is the first byte of a TLS connection. HTTP begins with a letter.
	tlsHandshake = 0x16
	// firstByteTimeout is the time for the first byte of a connection.
	firstByteTimeout = 10 * time.Second
)

// sniffingListener accepts connections with and without TLS on the same port.
type sniffingListener struct {
	net.Listener
	config   *tls.Config
	accepted chan acceptResult
	closed   chan struct{}
	close    func()
}

// acceptResult is a connection, or the error of the listener.
type acceptResult struct {
	connection net.Conn
	err        error
}

// sniffedConnection is a connection whose first byte was read ahead.
type sniffedConnection struct {
	net.Conn
	reader *bufio.Reader
}

func (c sniffedConnection) Read(buffer []byte) (int, error) { return c.reader.Read(buffer) }

// newSniffingListener returns a listener that takes over another one.
func newSniffingListener(listener net.Listener, source *certificateSource) net.Listener {
	sniffing := &sniffingListener{
		Listener: listener,
		config:   &tls.Config{GetCertificate: source.find, NextProtos: []string{"h2", "http/1.1"}},
		accepted: make(chan acceptResult),
		closed:   make(chan struct{}),
	}
	sniffing.close = sync.OnceFunc(func() { close(sniffing.closed) })
	go sniffing.acceptAll()
	return sniffing
}

// Accept returns the next connection that has sent a byte; a TLS connection is a *tls.Conn.
func (l *sniffingListener) Accept() (net.Conn, error) {
	select {
	case result := <-l.accepted:
		return result.connection, result.err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *sniffingListener) Close() error {
	l.close()
	return l.Listener.Close()
}

func (l *sniffingListener) acceptAll() {
	for {
		connection, err := l.Listener.Accept()
		if err == nil {
			go l.sniff(connection)
			continue
		}
		l.deliver(acceptResult{err: err})
		if errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// sniff delivers a connection after its first byte. A probe that only connects sends none.
func (l *sniffingListener) sniff(connection net.Conn) {
	reader := bufio.NewReader(connection)
	connection.SetReadDeadline(time.Now().Add(firstByteTimeout))
	first, err := reader.Peek(1)
	if err != nil {
		connection.Close()
		return
	}
	connection.SetReadDeadline(time.Time{})
	var sniffed net.Conn = sniffedConnection{connection, reader}
	if first[0] == tlsHandshake {
		sniffed = tls.Server(sniffed, l.config)
	}
	l.deliver(acceptResult{connection: sniffed})
}

// deliver passes a result to Accept, or drops it if the listener is closed.
func (l *sniffingListener) deliver(result acceptResult) {
	select {
	case l.accepted <- result:
	case <-l.closed:
		if result.connection != nil {
			result.connection.Close()
		}
	}
}

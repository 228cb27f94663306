// Go's net/http: one http.Client, its transport's pool made large enough; a goroutine for each
// request in flight.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const settleSeconds, idleSeconds = 1, 3

var (
	url      = flag.String("url", "", "")
	mode     = flag.String("mode", "get", "")
	ca       = flag.String("ca", "", "")
	requests = flag.Int64("requests", 1000, "")
	warmup   = flag.Int64("warmup", 0, "")
	length   = flag.Int64("length", 0, "")
	inFlight = flag.Int("in-flight", 1, "")
	threads  = flag.Int("threads", 1, "")
	upload   = flag.Int("upload", 0, "")
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newClient(connections int) *http.Client {
	transport := &http.Transport{MaxIdleConns: 0, MaxIdleConnsPerHost: connections}
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		check(err)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &http.Client{Transport: transport}
}

func start(client *http.Client, url string, body []byte) *http.Response {
	var response *http.Response
	var err error
	if body != nil {
		response, err = client.Post(url, "application/octet-stream", bytes.NewReader(body))
	} else {
		response, err = client.Get(url)
	}
	check(err)
	return response
}

func finish(response *http.Response, piece []byte) {
	var got int64
	if *mode == "stream" {
		count, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, piece)
		check(err)
		got = count
	} else {
		whole := bytes.NewBuffer(make([]byte, 0, response.ContentLength+bytes.MinRead))
		count, err := whole.ReadFrom(response.Body)
		check(err)
		got = count
	}
	check(response.Body.Close())
	if got != *length {
		check(fmt.Errorf("body of %d bytes, expected %d", got, *length))
	}
}

// run makes count exchanges in workers goroutines; returns how many each made.
func run(client *http.Client, body []byte, workers int, count int64) []int64 {
	made := make([]int64, workers)
	var taken int64
	var group sync.WaitGroup
	for worker := range made {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			var mine int64
			piece := make([]byte, 256<<10)
			for atomic.AddInt64(&taken, 1) <= count {
				finish(start(client, *url, body), piece)
				mine++
			}
			made[worker] = mine
		}(worker)
	}
	group.Wait()
	return made
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func memoryBytes() (bytes int64) {
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	for _, line := range strings.Split(string(status), "\n") {
		fmt.Sscanf(line, "RssAnon: %d", &bytes)
	}
	return bytes * 1024
}

func openSockets() (count int) {
	entries, err := os.ReadDir("/proc/self/fd")
	check(err)
	for _, entry := range entries {
		target, _ := os.Readlink("/proc/self/fd/" + entry.Name())
		if strings.HasPrefix(target, "socket:") {
			count++
		}
	}
	return count
}

func report(values map[string]any) { check(json.NewEncoder(os.Stdout).Encode(values)) }

func idle() {
	client := newClient(int(*requests) + 1)
	finish(start(client, *url+"1", nil), nil)
	before := memoryBytes()
	all := fmt.Sprint(*url, *requests)
	held := make([]*http.Response, *requests)
	for i := range held {
		held[i] = start(client, all, nil)
	}
	for i, response := range held {
		finish(response, nil)
		held[i] = nil
	}
	time.Sleep(settleSeconds * time.Second)
	after := memoryBytes()
	cpu := cpuSeconds()
	time.Sleep(idleSeconds * time.Second)
	report(map[string]any{"connections": openSockets(), "bytes": after - before,
		"idle_seconds": idleSeconds, "idle_cpu_seconds": cpuSeconds() - cpu})
	runtime.KeepAlive(client)
}

func main() {
	flag.Parse()
	if *mode == "idle" {
		idle()
		return
	}
	workers := *inFlight * *threads
	client := newClient(workers)
	var body []byte
	if *upload > 0 {
		body = bytes.Repeat([]byte("x"), *upload)
	}
	run(client, body, workers, *warmup*int64(*threads))
	cpu, started := cpuSeconds(), time.Now()
	made := run(client, body, workers, *requests)
	seconds := time.Since(started).Seconds()
	slowest, fastest := made[0], made[0]
	for _, count := range made {
		if count < slowest {
			slowest = count
		}
		if count > fastest {
			fastest = count
		}
	}
	report(map[string]any{"requests": *requests, "seconds": seconds,
		"cpu_seconds": cpuSeconds() - cpu, "slowest": slowest, "fastest": fastest})
}

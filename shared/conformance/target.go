package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/term"

	"sespolicy/shared/local"
)

// target is what to ask, from the environment and the flags.
type target struct {
	endpoint  string // AWS_ENDPOINT_URL; empty for sespolicy local or an account
	identity  string // CONFORMANCE_IDENTITY
	address   string // CONFORMANCE_ADDRESS
	principal string // CONFORMANCE_PRINCIPAL
	bootstrap string // the function's executable; built if empty
	template  string
	second    time.Duration
	yes       bool
}

// fromEnvironment reads the variables.
func fromEnvironment(lookup func(string) string) target {
	return target{
		endpoint: lookup("AWS_ENDPOINT_URL"), identity: lookup("CONFORMANCE_IDENTITY"), address: lookup("CONFORMANCE_ADDRESS"),
		principal: lookup("CONFORMANCE_PRINCIPAL"), template: local.DefaultTemplate, second: time.Second,
	}
}

// open makes the world of a target, and starts sespolicy local if that is asked.
// The function ends what it started.
func (t target) open(ctx context.Context, in io.Reader, out io.Writer) (*world, func(), error) {
	switch {
	case t.endpoint != "":
		kind, err := kindOf(ctx, t.endpoint)
		t.identity = identityOr(t.identity)
		t.address = cmp.Or(t.address, "conformance@"+t.identity[strings.LastIndex(t.identity, "@")+1:])
		return newWorld(configFor(t.endpoint), kind, t), func() {}, err
	case t.identity != "":
		w, err := t.openAccount(ctx, in, out)
		return w, func() {}, err
	}
	return t.startLocal(ctx)
}

// startLocal runs sespolicy local in this process.
func (t target) startLocal(ctx context.Context) (*world, func(), error) {
	folder, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return nil, func() {}, err
	}
	remove := func() { _ = os.RemoveAll(folder) } // a temporary folder
	stack, err := local.Start(ctx, local.Config{
		Template: t.template, Bootstrap: t.bootstrap, Listen: "127.0.0.1:0", CallInterval: t.second,
		Build: func(ctx context.Context) (string, error) { return local.Build(ctx, local.Root(t.template), folder) },
	})
	if err != nil {
		remove()
		return nil, func() {}, fmt.Errorf("starting sespolicy local: %w", err)
	}
	t.identity, t.address = identityOr(""), "conformance@example.com"
	return newWorld(configFor(stack.URL), onLocal, t), func() { stack.Close(); remove() }, nil
}

// configFor is the configuration for an emulator. No other endpoint, profile or
// credential of the environment counts.
func configFor(endpoint string) aws.Config {
	return aws.Config{
		BaseEndpoint: &endpoint, Region: cmp.Or(os.Getenv("AWS_REGION"), local.Region),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}
}

// kindOf says what is at an endpoint: sespolicy local greets with its name.
func kindOf(ctx context.Context, endpoint string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(endpoint, "/")+"/", nil)
	if err != nil {
		return "", fmt.Errorf("AWS_ENDPOINT_URL %q: %w", endpoint, err)
	}
	if strings.Contains(request.URL.Hostname(), "amazonaws.com") {
		return "", fmt.Errorf("AWS_ENDPOINT_URL is %s, a real endpoint: unset it, and set CONFORMANCE_IDENTITY to ask a real account", endpoint)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("AWS_ENDPOINT_URL %s is not reachable: %w", endpoint, err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	first, err := bufio.NewReader(io.LimitReader(answer.Body, 4096)).ReadString(':')
	if err == nil && first == "sespolicy local:" {
		return onLocal, nil
	}
	return onEmulator, nil
}

// openAccount asks before the first call.
func (t target) openAccount(ctx context.Context, in io.Reader, out io.Writer) (*world, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if cfg.BaseEndpoint != nil {
		return nil, fmt.Errorf("the profile's endpoint_url is %s: set AWS_ENDPOINT_URL to it to ask an emulator", *cfg.BaseEndpoint)
	}
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_ENDPOINT_URL_") && value != "" {
			return nil, fmt.Errorf("%s is set: unset it to ask a real account, or set AWS_ENDPOINT_URL to ask an emulator", name)
		}
	}
	if cfg.Region == "" {
		return nil, errors.New("no Region is set: set AWS_REGION")
	}
	if strings.Contains(t.identity, "@") {
		t.address = cmp.Or(t.address, t.identity)
	}
	w := newWorld(cfg, onAccount, t)
	if t.yes {
		return w, nil
	}
	if file, ok := in.(*os.File); ok && !term.IsTerminal(int(file.Fd())) {
		return nil, errors.New("a real account is asked only after a yes, and there is no terminal to ask at: give --yes")
	}
	_, _ = fmt.Fprintf(out, "This uses the real AWS account of your credentials (profile %s) in %s.\n"+
		"It puts and removes sending authorization policies on %s, which grant nothing to anybody else,\n"+
		"and makes queues, topics and tables, all named %s…, and removes them at the end, after Ctrl-C too.\n"+
		"SES is called once a second, so your own policy calls may be throttled meanwhile. It takes about five minutes.\n"+
		"Go on? [y/N] ", cmp.Or(os.Getenv("AWS_PROFILE"), "default"), cfg.Region, strings.Join(uniqueNames(t.identity, t.address), " and "), w.prefix)
	answer, err := bufio.NewReader(in).ReadString('\n')
	if a := strings.ToLower(strings.TrimSpace(answer)); err != nil || a != "y" && a != "yes" {
		return nil, errors.New("nothing was done")
	}
	return w, nil
}

// uniqueNames drops what is empty or repeated.
func uniqueNames(a, b string) []string {
	if b == "" || a == b {
		return []string{a}
	}
	return []string{a, b}
}

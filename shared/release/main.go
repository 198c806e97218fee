// Command release builds what a release consists of, into one folder:
//
//	sespolicy_VERSION_OS_ARCH.tar.gz   the command (.zip for Windows)
//	apply-policy_VERSION_ARCH.zip      the function, as Lambda takes it
//	template_VERSION_ARCH.yaml         template.yaml with that function, for sam deploy
//	SHA256SUMS                         of all of them
//
// The same commit gives the same bytes: builds are trimmed, and the archives
// have the commit's time and a fixed order. It publishes nothing.
//
//	go run ./shared/release -to .build/release
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// platforms are the systems that the command is built for.
var platforms = []struct{ os, arch string }{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// architectures are the function's: GOARCH, and Lambda's name for it.
// https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html
var architectures = []struct{ arch, lambda string }{{"arm64", "arm64"}, {"amd64", "x86_64"}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	to := flag.String("to", ".build/release", "the folder, which is emptied first")
	version := flag.String("version", "", "the version (default: the commit's tag, or its description by git)")
	flag.Parse()
	if err := run(ctx, *to, *version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// release is one run: its version, its time, and the folders.
type release struct {
	version string
	time    time.Time
	to      string // finished files
	scratch string
}

func run(ctx context.Context, to, version string) error {
	if version == "" {
		described, err := output(ctx, "git", "describe", "--tags", "--always", "--dirty")
		if err != nil {
			return fmt.Errorf("finding the version: %w", err)
		}
		version = described
	}
	stamp, err := output(ctx, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return fmt.Errorf("finding the commit's time: %w", err)
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("finding the commit's time: %w", err)
	}
	scratch, err := os.MkdirTemp("", "sespolicy-release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // the system clears its temporary folder too
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	r := release{version: strings.TrimPrefix(version, "v"), time: time.Unix(seconds, 0).UTC(), to: to, scratch: scratch}
	if err := r.commands(ctx); err != nil {
		return err
	}
	if err := r.functions(ctx); err != nil {
		return err
	}
	return writeSums(to)
}

// commands builds and packs the command for all platforms.
func (r release) commands(ctx context.Context) error {
	for _, p := range platforms {
		name, pack := "sespolicy", writeTarGz
		extension := ".tar.gz"
		if p.os == "windows" {
			name, pack, extension = "sespolicy.exe", writeZip, ".zip"
		}
		path, err := r.build(ctx, p.os, p.arch, "./shared/cmd/sespolicy", "-X sespolicy/shared/printout.version="+r.version)
		if err != nil {
			return err
		}
		files := []file{{name, path, 0o755}, {"README.md", "README.md", 0o644}}
		if err := pack(filepath.Join(r.to, fmt.Sprintf("sespolicy_%s_%s_%s%s", r.version, p.os, p.arch, extension)), r.time, files); err != nil {
			return err
		}
	}
	return nil
}

// functions builds and packs the function, with a template for each.
func (r release) functions(ctx context.Context) error {
	template, err := os.ReadFile("template.yaml")
	if err != nil {
		return err
	}
	for _, a := range architectures {
		path, err := r.build(ctx, "linux", a.arch, "./functions/apply-policy", "", "-tags", "lambda.norpc")
		if err != nil {
			return err
		}
		zipped := fmt.Sprintf("apply-policy_%s_%s.zip", r.version, a.lambda)
		if err := writeZip(filepath.Join(r.to, zipped), r.time, []file{{"bootstrap", path, 0o755}}); err != nil {
			return err
		}
		packaged, err := packagedTemplate(string(template), zipped, a.lambda)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(r.to, fmt.Sprintf("template_%s_%s.yaml", r.version, a.lambda)), []byte(packaged), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// build compiles a package and returns the executable's path.
func (r release) build(ctx context.Context, goos, arch, pkg, ldflags string, flags ...string) (string, error) {
	path := filepath.Join(r.scratch, filepath.Base(pkg)+"-"+goos+"-"+arch)
	arguments := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags", strings.TrimSpace("-s -w " + ldflags), "-o", path}, flags...)
	command := exec.CommandContext(ctx, "go", append(arguments, pkg)...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+arch)
	if text, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s for %s/%s: %w\n%s", pkg, goos, arch, err, text)
	}
	return path, nil
}

func output(ctx context.Context, name string, arguments ...string) (string, error) {
	text, err := exec.CommandContext(ctx, name, arguments...).Output()
	return strings.TrimSpace(string(text)), err
}

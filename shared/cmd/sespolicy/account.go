package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"sespolicy/shared/account"
	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
	"sespolicy/shared/printout"
)

// accountFlags say which account, Regions and identities a command reads. No
// deployment is needed: without one, it is the account of the credentials.
type accountFlags struct {
	target
	account           string
	regions, patterns []string
}

func (a *accountFlags) register(command *cobra.Command) {
	a.target.register(command, ledgerTable)
	f := command.Flags()
	f.StringVar(&a.account, "account", "", "the account that owns the identities (default: that of the credentials, sts:GetCallerIdentity)")
	f.StringSliceVar(&a.regions, "regions", nil, "the AWS Regions to read, REGION,… (default: that of the deployment)")
}

// registerIdentities adds the flag that selects identities.
func (a *accountFlags) registerIdentities(command *cobra.Command) {
	command.Flags().StringSliceVar(&a.patterns, "identity", nil, "read only identities that match, PATTERN,… with * and ?")
}

// regionView is what a command knows of one Region of the account.
type regionView struct {
	owner    identity.Owner
	config   aws.Config
	contents account.Contents
	records  map[ledger.Name]ledger.Policy // nil if no ledger is known
}

// accountView is what a command knows of the account.
type accountView struct {
	*found
	regions []*regionView
}

// openAccount finds the account and its ledger, without reading identities yet.
func (a *accountFlags) openAccount(ctx context.Context) (*accountView, error) {
	f, err := a.findOptional(ctx)
	if err != nil {
		return nil, err
	}
	return a.openFound(ctx, f)
}

// openFound is openAccount for a deployment that was found before.
func (a *accountFlags) openFound(ctx context.Context, f *found) (*accountView, error) {
	owner, err := a.ownerAccount(ctx, f)
	if err != nil {
		return nil, err
	}
	v := &accountView{found: f}
	regions := a.regions
	if len(regions) == 0 {
		regions = []string{f.config.Region}
	}
	if !slices.Contains(regions, f.config.Region) && a.table != "" {
		return nil, fmt.Errorf("the ledger is in %s, which is none of the Regions %s", f.config.Region, strings.Join(regions, ", "))
	}
	for _, region := range slices.Compact(slices.Clone(regions)) {
		r := &regionView{owner: identity.Owner{Partition: partitionOf(region), Region: region, Account: owner}, config: f.config.Copy()}
		r.config.Region = region
		// The ledger knows the identities of its own Region.
		if region == f.config.Region && (f.table != "" || f.local) {
			if r.records, err = readLedger(ctx, f); err != nil {
				return nil, err
			}
		}
		v.regions = append(v.regions, r)
	}
	return v, nil
}

// findOptional is find for commands that need no deployment.
func (a *accountFlags) findOptional(ctx context.Context) (*found, error) {
	f, err := a.find(ctx)
	if !errors.Is(err, errNoDeployment) {
		return f, err
	}
	if a.region == "" && len(a.regions) > 0 {
		a.region = a.regions[0]
	}
	config, err := a.config(ctx)
	return &found{config: config, local: a.local}, err
}

// ownerAccount is whose identities are read: those of the credentials. Another
// account would make all judgements wrong.
func (a *accountFlags) ownerAccount(ctx context.Context, f *found) (string, error) {
	switch {
	case a.account != "" && !identity.IsAccount(a.account):
		return "", fmt.Errorf("--account is %q, 12 digits were expected", a.account)
	case a.account != "":
		return a.account, nil
	case a.local:
		return f.Account, nil
	}
	out, err := sts.NewFromConfig(f.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", withHint(fmt.Errorf("asking for the account of the credentials: %w", err), "give --account; for sespolicy local, give --local")
	}
	own := aws.ToString(out.Account)
	if f.Account != "" && f.Account != own {
		return "", withHint(fmt.Errorf("the deployment is in account %s, the credentials are of %s", f.Account, own), "set AWS_PROFILE to a profile of account %s", f.Account)
	}
	return own, nil
}

// read reads the identities of all Regions that match. What could not be read
// is in the contents' failures.
func (v *accountView) read(ctx context.Context, stderr io.Writer, patterns []string) error {
	for _, r := range v.regions {
		bar := progress(stderr, 1, "reading "+r.owner.Region)
		throttled := 0
		reader := account.NewReader(r.config, func(done, total, slowed int) {
			if slowed > throttled {
				bar.Describe(fmt.Sprintf("reading %s, throttled %s", r.owner.Region, times(slowed)))
			}
			throttled = slowed
			bar.ChangeMax(total)
			_ = bar.Set(done) // a bar that cannot be drawn must not stop the work
		})
		var err error
		r.contents, err = reader.Read(ctx, patterns...)
		_ = bar.Finish()
		if err != nil {
			return fmt.Errorf("reading the identities in %s: %w", r.owner.Region, err)
		}
		if throttled > 0 {
			_, _ = fmt.Fprintf(stderr, "SES throttled %s in %s; all of them were repeated\n", count(throttled, "call"), r.owner.Region)
		}
	}
	return nil
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprint(n, " times")
}

// several reports whether more than one Region is read.
func (v *accountView) several() bool { return len(v.regions) > 1 }

// hasLedger reports whether the ledger of one of the Regions is known.
func (v *accountView) hasLedger() bool {
	return slices.ContainsFunc(v.regions, func(r *regionView) bool { return r.records != nil })
}

// regionNames are the Regions in words.
func (v *accountView) regionNames() string {
	var names []string
	for _, r := range v.regions {
		names = append(names, r.owner.Region)
	}
	return strings.Join(names, ", ")
}

// counts is how much was read.
func (v *accountView) counts() string {
	identities, policies := 0, 0
	for _, r := range v.regions {
		identities += len(r.contents.Identities)
		for _, id := range r.contents.Identities {
			policies += len(id.Policies)
		}
	}
	names := "identities"
	if identities == 1 {
		names = "identity"
	}
	of := "policies"
	if policies == 1 {
		of = "policy"
	}
	return fmt.Sprintf("%d %s of %d %s in %s", policies, of, identities, names, v.regionNames())
}

// identity is an identity where its owner has it.
func (r *regionView) identity(name string) identity.Identity {
	id, err := identity.Parse(name)
	if err != nil {
		id = identity.Identity{Name: name}
	}
	return r.owner.Of(id)
}

// orCouldNot runs a command whose exit status is 2 when nothing is known.
func orCouldNot(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, arguments []string) error {
		err := run(command, arguments)
		if _, decided := errors.AsType[*exitError](err); err == nil || decided {
			return err
		}
		return couldNot(err)
	}
}

// couldNotUse makes wrong flags and arguments exit status 2.
func couldNotUse(command *cobra.Command) {
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return couldNot(err) })
	arguments := command.Args
	command.Args = func(command *cobra.Command, names []string) error { return couldNot(arguments(command, names)) }
}

// writeJSON writes a result for programs.
func writeJSON(command *cobra.Command, v any) error {
	return printout.WriteJSON(command.OutOrStdout(), v)
}

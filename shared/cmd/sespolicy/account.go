package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"sespolicy/shared/account"
	"sespolicy/shared/check"
	"sespolicy/shared/identity"
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

// accountView is what a command knows of the account.
type accountView struct {
	*found
	regions []*account.Region
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
		return nil, badUse(fmt.Errorf("the ledger is in %s, which is none of the Regions %s", f.config.Region, strings.Join(regions, ", ")))
	}
	for _, region := range slices.Compact(slices.Clone(regions)) {
		r := &account.Region{Owner: identity.Owner{Partition: check.Partition(region), Region: region, Account: owner}}
		// The ledger knows the identities of its own Region.
		if region == f.config.Region && f.table != "" {
			if r.Records, err = readLedger(ctx, f); err != nil {
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
	return &found{config: config}, err
}

// ownerAccount is whose identities are read: those of the credentials. Another
// account would make all judgements wrong.
func (a *accountFlags) ownerAccount(ctx context.Context, f *found) (string, error) {
	switch {
	case a.account != "" && !identity.IsAccount(a.account):
		return "", badUse(fmt.Errorf("--account is %q, 12 digits were expected", a.account))
	case a.account != "":
		return a.account, nil
	case a.local:
		return f.Account, nil
	}
	out, err := sts.NewFromConfig(f.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", withHint(fmt.Errorf("asking for the account of the credentials: %w", err), "%s", cmp.Or(hintOf(err), "give --account; for sespolicy local, give --local"))
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
		bar := progress(stderr, 1, "reading "+r.Owner.Region)
		throttled := 0
		config := v.config.Copy()
		config.Region = r.Owner.Region
		reader := account.NewReader(config, func(done, total, slowed int) {
			if slowed > throttled {
				bar.Describe(fmt.Sprintf("reading %s, throttled %s", r.Owner.Region, times(slowed)))
			}
			throttled = slowed
			bar.ChangeMax(total)
			_ = bar.Set(done) // a bar that cannot be drawn must not stop the work
		})
		var err error
		r.Contents, err = reader.Read(ctx, patterns...)
		_ = bar.Finish()
		if err != nil {
			return fmt.Errorf("reading the identities in %s: %w", r.Owner.Region, err)
		}
		if throttled > 0 {
			_, _ = fmt.Fprintf(stderr, "SES throttled %s in %s; all of them were repeated\n", count(throttled, "call"), r.Owner.Region)
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

// hasLedger reports whether the ledger of one of the Regions is known.
func (v *accountView) hasLedger() bool {
	return slices.ContainsFunc(v.regions, func(r *account.Region) bool { return r.Records != nil })
}

// regionNames are the Regions in words.
func (v *accountView) regionNames() string {
	var names []string
	for _, r := range v.regions {
		names = append(names, r.Owner.Region)
	}
	return strings.Join(names, ", ")
}

// counts is how much was read.
func (v *accountView) counts() string {
	identities, policies := 0, 0
	for _, r := range v.regions {
		identities += len(r.Contents.Identities)
		for _, id := range r.Contents.Identities {
			policies += len(id.Policies)
		}
	}
	return fmt.Sprintf("%s of %s in %s", count(policies, "policy"), count(identities, "identity"), v.regionNames())
}

// unreadJSON is something that could not be read, for programs.
type unreadJSON struct {
	Region   string `json:"region"`
	Identity string `json:"identity"` // empty for the list of identities
	Code     string `json:"code"`
	Message  string `json:"message"`
}

// unread lists what could not be read.
func (v *accountView) unread() []unreadJSON {
	all := []unreadJSON{}
	for _, r := range v.regions {
		for _, failure := range r.Contents.Failures {
			code := "NoAnswer"
			if api, ok := errors.AsType[smithy.APIError](failure.Err); ok {
				code = api.ErrorCode()
			}
			all = append(all, unreadJSON{r.Owner.Region, failure.Identity, code, failure.Err.Error()})
		}
	}
	return all
}

// unreadError says what could not be read; nil if all was.
func (v *accountView) unreadError() error {
	var all []error
	for _, r := range v.regions {
		for _, failure := range r.Contents.Failures {
			all = append(all, fmt.Errorf("%s: %w", r.Owner.Region, failure.Err))
		}
	}
	return errors.Join(all...)
}

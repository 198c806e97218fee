package mapping_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/local/mapping"
)

func TestFIFOKeepsOrderAndOneBatchPerGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests.fifo", nil)
		var all []string
		for i := range 30 {
			all = append(all, fmt.Sprintf("a-%02d", i), fmt.Sprintf("b-%02d", i))
		}
		send(t, source, all...)
		var mu sync.Mutex
		inFlight, failedOnce := map[string]int{}, false
		seen := map[string][]string{}
		run(t, mapping.Config{Queue: source, ReportBatchItemFailures: true, Function: &handler{handle: func(event events.SQSEvent) (string, error) {
			groups := map[string]bool{}
			for _, record := range event.Records {
				groups[record.Attributes["MessageGroupId"]] = true
			}
			mu.Lock()
			for group := range groups {
				if inFlight[group]++; inFlight[group] > 1 {
					t.Errorf("two batches of group %s at once", group)
				}
			}
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			for group := range groups {
				inFlight[group]--
			}
			if !failedOnce {
				failedOnce = true
				return "", errors.New("failed")
			}
			for _, record := range event.Records {
				group := record.Attributes["MessageGroupId"]
				seen[group] = append(seen[group], record.Body)
			}
			return `{"batchItemFailures":[]}`, nil
		}}})
		pass(10 * time.Minute)
		for group, list := range seen {
			if len(list) != 30 || !slices.IsSorted(list) {
				t.Errorf("group %s: %v", group, list)
			}
		}
	})
}

func TestPayloadUnderSixMegabytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests", nil)
		for range 10 { // 1 MB each, 2 MB as JSON: three go into 6 MB
			send(t, source, strings.Repeat(`"`, 1000*1000))
		}
		h := &handler{handle: func(event events.SQSEvent) (string, error) {
			if len(event.Records) > 3 {
				t.Errorf("%d records", len(event.Records))
			}
			return "", nil
		}}
		m := run(t, mapping.Config{Queue: source, Function: h})
		synctest.Wait()
		if stats := m.Stats(); stats.Deleted != 10 || stats.Invocations < 4 {
			t.Errorf("%+v", stats)
		}
	})
}

// JSON writers of Go escape < as six bytes unless told not to.
func TestPayloadIsNotInflated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests", nil)
		for range 5 {
			send(t, source, strings.Repeat(`<`, 1000*1000))
		}
		m := run(t, mapping.Config{Queue: source, Function: &handler{handle: func(events.SQSEvent) (string, error) { return "", nil }}})
		synctest.Wait()
		if stats := m.Stats(); stats.Deleted != 5 || stats.Invocations != 1 {
			t.Errorf("%+v", stats)
		}
	})
}

// A batch that is split keeps the order of its group, too.
func TestSplitFIFOBatchKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests.fifo", nil)
		for i := range 9 { // three invocations of three
			send(t, source, fmt.Sprintf("a-%d%s", i, strings.Repeat(`"`, 1000*1000)))
		}
		var mu sync.Mutex
		var done []string
		invocations := 0
		run(t, mapping.Config{Queue: source, Function: &handler{handle: func(event events.SQSEvent) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			if invocations++; invocations == 2 {
				return "", errors.New("failed")
			}
			for _, record := range event.Records {
				done = append(done, record.Body[:3])
			}
			return "", nil
		}}})
		pass(10 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if len(done) != 9 || !slices.IsSorted(done) {
			t.Errorf("%v", done)
		}
	})
}

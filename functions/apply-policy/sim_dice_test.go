package main

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// dice is the source of all randomness of a simulation, made from the seed.
//
// Each question has a stream of numbers of its own, so that two goroutines that
// wake at the same moment do not change each other's luck: the order in which
// they run is the one thing that a seed does not fix. Every way takes a random
// number of nanoseconds, so hardly anything happens at the same moment at all.
type dice struct {
	seed uint64

	mu      sync.Mutex
	streams map[string]*rand.Rand
}

func newDice(seed uint64) *dice { return &dice{seed: seed, streams: map[string]*rand.Rand{}} }

// about is a new stream for one question about one thing: the same question
// about the same thing has the same answer, whenever it is asked.
func (d *dice) about(question, thing string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(question + "\x00" + thing)) // a hash takes everything
	return rand.New(rand.NewPCG(d.seed, h.Sum64()))
}

// draw has f draw from the stream of a question.
func draw[T any](d *dice, question string, f func(*rand.Rand) T) T {
	d.mu.Lock()
	defer d.mu.Unlock()
	stream := d.streams[question]
	if stream == nil {
		stream = d.about(question, "")
		d.streams[question] = stream
	}
	return f(stream)
}

func (d *dice) chance(question string, p float64) bool {
	return draw(d, question, func(r *rand.Rand) bool { return r.Float64() < p })
}

func (d *dice) intN(question string, n int) int {
	return draw(d, question, func(r *rand.Rand) int { return r.IntN(n) })
}

func (d *dice) between(question string, low, high time.Duration) time.Duration {
	return low + draw(d, question, func(r *rand.Rand) time.Duration { return time.Duration(r.Int64N(int64(high - low))) })
}

// one is one of a list.
func one[T any](d *dice, question string, list ...T) T { return list[d.intN(question, len(list))] }

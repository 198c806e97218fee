package main

import (
	"fmt"
	"html"
	"math"
	"strings"
	"time"
)

// plotted is one contender in the plot.
type plotted struct {
	Name  string
	Taken []time.Duration // when SES took each request
	Ended time.Duration   // when the contender was done; what it left then is given up
}

// The plot's measures, in pixels.
const (
	plotWidth, plotHeight = 760, 400
	plotLeft, plotRight   = 44, 12
	plotTop, plotBottom   = 12, 150 // the legend is below
	legendStep            = 20
)

// colors are readable on white and on black, and apart for the colour-blind.
var colors = []string{"#1f83e0", "#17a2b8", "#c98500", "#9a6ee8", "#e5534b", "#57ab5a"}

// plot draws the backlog over time: how many requests SES has not taken yet.
func plot(series []plotted) []byte {
	var longest time.Duration
	for _, s := range series {
		longest = max(longest, s.Ended)
	}
	seconds := math.Ceil(longest.Seconds()/10) * 10
	x := func(t time.Duration) float64 {
		return plotLeft + t.Seconds()/seconds*(plotWidth-plotLeft-plotRight)
	}
	y := func(backlog int) float64 {
		return plotTop + (1-float64(backlog)/burst)*(plotHeight-plotTop-plotBottom)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui,sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	// Text and axes are of a grey that stands out from a light and from a dark page alike.
	fmt.Fprintln(&b, `<title>Requests that SES has not taken yet, over time</title><g fill="#808890" stroke="none">`)
	for backlog := 0; backlog <= burst; backlog += 10 {
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#808890" stroke-opacity=".25"/><text x="%d" y="%.1f" text-anchor="end">%d</text>`+"\n",
			plotLeft, y(backlog), plotWidth-plotRight, plotLeft-6, y(backlog)+4, backlog)
	}
	for second := 0.0; second <= seconds; second += 20 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%.0f s</text>`+"\n", x(time.Duration(second)*time.Second), y(0)+18, second)
	}
	for i, s := range series {
		fmt.Fprintf(&b, `<text x="%d" y="%.1f">%s</text>`+"\n", plotLeft+28, y(0)+44+float64(i)*legendStep, html.EscapeString(s.legend()))
	}
	fmt.Fprintln(&b, `</g><g fill="none" stroke-width="2">`)
	for i, s := range series {
		color := colors[i%len(colors)]
		fmt.Fprintf(&b, `<path stroke="%s" d="%s"/>`+"\n", color, s.path(x, y))
		fmt.Fprintf(&b, `<path stroke="%s" d="M%d %.1fh20"/>`+"\n", color, plotLeft, y(0)+40+float64(i)*legendStep)
		if left := burst - len(s.Taken); left > 0 {
			fmt.Fprintf(&b, `<path stroke="%s" stroke-dasharray="2 4" d="M%.1f %.1fH%d"/>`+"\n", color, x(s.Ended), y(left), plotWidth-plotRight)
		}
	}
	fmt.Fprintln(&b, "</g></svg>")
	return []byte(b.String())
}

// path is the line of a contender: a step down for each request taken, to where
// it was done.
func (s plotted) path(x func(time.Duration) float64, y func(int) float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%.1f %.1f", x(0), y(burst))
	for n, at := range s.Taken {
		fmt.Fprintf(&b, "H%.1fV%.1f", x(at), y(burst-n-1))
	}
	fmt.Fprintf(&b, "H%.1f", x(s.Ended))
	return b.String()
}

// legend says who it is and how it ended.
func (s plotted) legend() string {
	if left := burst - len(s.Taken); left > 0 {
		return fmt.Sprintf("%s: %d given up after %.0f s", s.Name, left, s.Ended.Seconds())
	}
	return fmt.Sprintf("%s: %.0f s", s.Name, s.Ended.Seconds())
}

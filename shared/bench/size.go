package main

import "context"

// size measures what is deployed.
func size(ctx context.Context, b *bench) (section, error) {
	s := section{Name: "size", Title: "Size",
		About:   "The executable for arm64, as make builds it, and zipped as it is deployed.",
		Columns: []string{"MB", "of nothing's", "MB zipped", "of nothing's"}}
	folder, err := b.temporary()
	if err != nil {
		return s, err
	}
	const megabyte = 1 << 20
	var first, last [2]float64
	for _, each := range []struct{ name, pkg string }{{nothingName, nothing}, {standardName, standard}, {"this project", ours}} {
		path, err := build(ctx, folder, each.pkg, "arm64")
		if err != nil {
			return s, err
		}
		bare, zipped, err := sizes(path)
		if err != nil {
			return s, err
		}
		last = [2]float64{float64(bare) / megabyte, float64(zipped) / megabyte}
		if each.pkg == nothing {
			first = last
		}
		s.Lines = append(s.Lines, line{each.name, []value{value(last[0]), value(last[0] / first[0]), value(last[1]), value(last[1] / first[1])}})
	}
	s.Goals = []goal{atMost("deployment package, of that of a function that does nothing", last[1]/first[1], 1.75)}
	return s, nil
}

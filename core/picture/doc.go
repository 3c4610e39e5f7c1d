// Package picture draws what a run looks like: numbers in, an image out. Its
// only user is a person, but the same numbers give the same bytes, so that a
// picture's hash can be compared like any other.
//
//	picture.Grid(images, layout)                 // samples, filters: many images as one
//	picture.Captioned(images, captions, layout)  // the same, a line of text below each
//	picture.Chart{Series: …}.Draw()              // curves, points, areas; log axes
//	picture.HeatMap{Values: …}.Draw()            // attention, weights
//	picture.Confusion(counts, classes)           // a classifier's hits and mistakes
//
// It knows nothing of tensors, data sets or runs. Start with grid.go and chart.go;
// canvas.go has the lines and letters that they are made of.
package picture

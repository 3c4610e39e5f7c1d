package data

// Entry is what is known about a data set before it is opened.
type Entry struct {
	Name    string
	Doc     string // one line
	Classes []string
	Licence string // SPDX name and holder
	Source  string // where it was published
	Files   []File // in the order that defines the set's hash
	URL     string // the files lie below it; "" when the set is embedded
	Package string // Debian package that holds the files, or ""
	Folder  string // where that package puts them
	White   uint8  // the value of a pixel at full brightness; 0 means 255

	open func(e *Entry, dataDir string, o options) (*Set, error) // nil: known, but not readable yet
}

// File is one file of a set as it is published.
type File struct {
	Name   string
	SHA256 string // of the raw bytes, so that any compression of them will do

	// Archive means that the hash is of the file as published: a tar or zip of
	// many files, whose raw bytes are not one thing, or a compressed file of whose
	// content no hash is published. It must lie there as it came.
	Archive bool
}

// Readable reports whether Open can read the set.
func (e *Entry) Readable() bool { return e.open != nil }

// Embedded reports whether the set ships inside the binary, as files or as the
// code that makes it.
func (e *Entry) Embedded() bool { return e.URL == "" }

// Generated reports whether code makes the set, from a fixed seed.
func (e *Entry) Generated() bool { return e.Embedded() && len(e.Files) == 0 }

var fashionClasses = []string{
	"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
	"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
}

const fashionSource = "https://github.com/zalandoresearch/fashion-mnist"

// mnistFiles names the four files of MNIST and its relatives, which all share
// these names, and gives them the hashes of one of them.
func mnistFiles(trainImages, trainLabels, testImages, testLabels string) []File {
	return []File{
		{Name: "train-images-idx3-ubyte.gz", SHA256: trainImages},
		{Name: "train-labels-idx1-ubyte.gz", SHA256: trainLabels},
		{Name: "t10k-images-idx3-ubyte.gz", SHA256: testImages},
		{Name: "t10k-labels-idx1-ubyte.gz", SHA256: testLabels},
	}
}

// archives marks the hashes as those of the compressed files.
func archives(files []File) []File {
	for i := range files {
		files[i].Archive = true
	}
	return files
}

var registry = []Entry{
	{
		Name:    "fashion-mini",
		Doc:     "6,000 + 1,000 Fashion-MNIST images, class-balanced, 28×28 grey, embedded",
		Classes: fashionClasses,
		Licence: "MIT, © 2017 Zalando SE",
		Source:  fashionSource,
		Files: mnistFiles(
			"de33706596f188e311e0235594f80dc398bf79c36be55272b7cabf4abb8b6749",
			"2e8f7cdf301844f9ca3ae854bccbac860b927d3a81dbb45ac1f97741a0467722",
			"9f6674e6acafb4f5c84feac409d6993470d8c7ee8b47c21a6cb3eb007ba9c541",
			"b385ed41200093025a3980b333d9454406e0d4eb11fddc93f7496ed8e11e3ab3"),
		open: openEmbedded,
	},
	{
		Name:    "digits",
		Doc:     "1,437 + 360 handwritten digits, 8×8 grey, embedded",
		Classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		Licence: "CC-BY-4.0, E. Alpaydin and C. Kaynak",
		Source:  "https://archive.ics.uci.edu/dataset/80",
		White:   16,
		Files: mnistFiles(
			"0d968178c064684a7f757ba5f847149f4c44b6f4b8a28908204c6d93e1700cc8",
			"dd68c0a3a3ac538b58526ba5ba7fcee055c6ce04e3e5b7b262f6d1e8efb4a01d",
			"ed13b59b5e9e6ee97052abf0bc477b090f14ae7438b075edb767d7ccf4ab5f17",
			"a0757eb3f4e0764e4b3a1598fc654e67fc30ed226dafe2c0c4b6b09c8feffa15"),
		open: openEmbedded,
	},
	{
		Name:    "emoji-pairs",
		Doc:     "447 + 64 faces and people in colour and, in the second half, as line drawings, 32×32, embedded",
		Classes: []string{"colour", "line"},
		Licence: "MIT, © Microsoft Corporation",
		Source:  "https://github.com/microsoft/fluentui-emoji",
		Files: []File{
			{Name: "train-images-idx4-ubyte.gz", SHA256: "f8e572a9d6ad3a32621e0279dd2b8c82f3ecf4dc3d54642e4465e110c30776ed"},
			{Name: "train-labels-idx1-ubyte.gz", SHA256: "875b928bade2c23173a4cbf9aa4e985b437a0b1c78c2eb587616aa92a11b33bf"},
			{Name: "t10k-images-idx4-ubyte.gz", SHA256: "80d895438a203387dc25a89c6d511c3cdf60330922f9184f19dcb266155bbb05"},
			{Name: "t10k-labels-idx1-ubyte.gz", SHA256: "94ad72bced23765188e0a5b9df5582305c9cb73a0ab3c8c9001048e9b0a1460a"},
		},
		open: openEmbedded,
	},
	{
		Name:    "diabetes",
		Doc:     "442 patients, 10 features: progression of the disease after a year, embedded",
		Licence: "BSD-3-Clause, as distributed by scikit-learn",
		Source:  "https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html",
		Files: []File{{Name: "diabetes.csv",
			SHA256: "9b8060bf210e76bd470c5535533a420ac84d2bcc084af6069c776dc7952e89d3"}},
		open: openEmbeddedTable,
	},
	{
		Name:    "breast-cancer",
		Doc:     "569 tumours, 30 features: malignant or benign, embedded",
		Classes: []string{"benign", "malignant"},
		Licence: "CC-BY-4.0, W. Wolberg, O. Mangasarian, N. Street and W. Street",
		Source:  "https://archive.ics.uci.edu/dataset/17",
		Files: []File{{Name: "breast-cancer.csv",
			SHA256: "75b8021d12b47399e50ab6ca4fbc11a8435f91540ecb6bb2434de557a5049510"}},
		open: openEmbeddedTable,
	},
	{
		Name:    "wine",
		Doc:     "178 wines, 13 features: which of 3 growers, embedded",
		Classes: []string{"grower 1", "grower 2", "grower 3"},
		Licence: "CC-BY-4.0, S. Aeberhard and M. Forina",
		Source:  "https://archive.ics.uci.edu/dataset/109",
		Files: []File{{Name: "wine.csv",
			SHA256: "5abbfe4a20f12e691fcd9eaa947bf229b5c0357fe97f88365e81d2528f939ba7"}},
		open: openEmbeddedTable,
	},
	{
		Name:    "iris",
		Doc:     "150 irises, 4 features: which of 3 species, embedded",
		Classes: []string{"setosa", "versicolor", "virginica"},
		Licence: "CC-BY-4.0, R. A. Fisher",
		Source:  "https://archive.ics.uci.edu/dataset/53",
		Files: []File{{Name: "iris.csv",
			SHA256: "9cc1c345c71bcc9b486b74cbf6063fa66f4bb5e0f603a4b3c3471ec2e5e8e355"}},
		open: openEmbeddedTable,
	},
	{
		Name:    "two-moons",
		Doc:     "1,000 + 1,000 points of two interleaved half circles, generated",
		Classes: []string{"upper", "lower"},
		Licence: "MIT, as lab itself",
		Source:  "generated",
		open:    openMoons,
	},
	{
		Name:    "sine",
		Doc:     "200 + 1,000 noisy points of a sine wave, generated",
		Licence: "MIT, as lab itself",
		Source:  "generated",
		open:    openSine,
	},
	{
		Name:    "fashion-mnist",
		Doc:     "60,000 + 10,000 images of clothes, 10 classes, 28×28 grey",
		Classes: fashionClasses,
		Licence: "MIT, © 2017 Zalando SE",
		Source:  fashionSource,
		Files: mnistFiles(
			"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
			"bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
			"5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
			"0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
		URL:     "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
		Package: "dataset-fashion-mnist",
		Folder:  "/usr/share/datasets/fashion-mnist",
		open:    openFetched,
	},
	{
		Name:    "mnist",
		Doc:     "60,000 + 10,000 handwritten digits, 28×28 grey",
		Classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		Licence: "CC-BY-SA-3.0, Yann LeCun and Corinna Cortes",
		Source:  "http://yann.lecun.com/exdb/mnist/",
		Files: mnistFiles(
			"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
			"65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
			"0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
			"ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
		URL:  "https://ossci-datasets.s3.amazonaws.com/mnist/",
		open: openFetched,
	},
	{
		Name:    "kmnist",
		Doc:     "60,000 + 10,000 characters of old Japanese books, 10 classes, 28×28 grey",
		Classes: []string{"お", "き", "す", "つ", "な", "は", "ま", "や", "れ", "を"},
		Licence: "CC-BY-SA-4.0, CODH",
		Source:  "http://codh.rois.ac.jp/kmnist/",
		Files: archives(mnistFiles(
			"51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
			"e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
			"edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
			"20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c")),
		URL:  "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
		open: openFetched,
	},
	{
		Name:    "cifar-10",
		Doc:     "50,000 + 10,000 photographs, 10 classes, 32×32 colour",
		Classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
		Licence: "none stated; Alex Krizhevsky",
		Source:  "https://www.cs.toronto.edu/~kriz/cifar.html",
		Files: []File{{Name: "cifar-10-binary.tar.gz", Archive: true,
			SHA256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}},
		URL:  "https://www.cs.toronto.edu/~kriz/",
		open: openCIFAR,
	},
	{
		Name:    "tiny-shakespeare",
		Doc:     "1.1 MB of Shakespeare's plays, for language models",
		Licence: "public domain",
		Source:  "https://github.com/karpathy/char-rnn",
		Files: []File{{Name: "input.txt",
			SHA256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"}},
		URL: "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/",
	},
	{
		Name:    "omniglot-small",
		Doc:     "Omniglot's two small background sets of handwritten characters, for few-shot learning",
		Licence: "MIT, © 2015 Brenden Lake",
		Source:  "https://github.com/brendenlake/omniglot",
		Files: []File{
			{Name: "images_background_small1.zip", Archive: true,
				SHA256: "f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4"},
			{Name: "images_background_small2.zip", Archive: true,
				SHA256: "3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f"},
		},
		URL:  "https://github.com/brendenlake/omniglot/raw/master/python/",
		open: openOmniglot,
	},
}

// Catalog lists every set that lab knows, in the order in which it shows them.
func Catalog() []Entry { return append([]Entry(nil), registry...) }

// Names lists the sets that Open can read.
func Names() []string {
	var names []string
	for i := range registry {
		if registry[i].Readable() {
			names = append(names, registry[i].Name)
		}
	}
	return names
}

// lookup returns the entry of that name.
func lookup(name string) (*Entry, bool) {
	for i := range registry {
		if registry[i].Name == name {
			return &registry[i], true
		}
	}
	return nil, false
}

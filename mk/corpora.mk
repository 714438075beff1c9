# From a folder of recordings to a model and its figures: every step is one command of the toolkit,
# so `make ravdess.stats` is also an example of a Makefile of your own.
#
#   data/ravdess/ → build/ravdess.npy → build/ravdess.train.npy → build/ravdess.keras → ravdess.stats
#                                     ↘ build/ravdess.test.npy ───────────────────────↗
#
# Any folder works: data/mine/ with recordings that `ser-extract` knows gives `make mine.stats`.
# The longer names stand first, because make 3.81 takes the first rule that fits.

#: NAME.stats	figures of a model trained on data/NAME/, tested on speakers of its own
#: NAME.counts	what is in the feature table of data/NAME/
%.stats: build/%.keras build/%.test.npy
	$(BIN)/ser-stats $^ --plot build/$*.confusion.png

%.counts: build/%.npy
	$(BIN)/ser-stats $<

#: build/NAME.keras	a model of data/NAME/, without the test speakers
build/%.keras: build/%.train.npy
	$(BIN)/ser-train $< $(TRAINING) -o $@

build/%.train.npy build/%.test.npy: build/%.npy
	$(BIN)/ser-split $< --test 0.2 --by speaker -o build/$*.train.npy build/$*.test.npy

#: build/NAME.npy	the feature table of data/NAME/ (FEATURES="…" goes to ser-extract)
build/%.npy: $(CORPORA)/% | $(VENV)/.installed
	@mkdir -p $(@D)
	$(BIN)/ser-extract $< $(FEATURES) -o $@

# Reached only where the folder is missing.
$(CORPORA)/%:
	@echo "error: $@: no such folder; put the recordings there (a link will do), or try: make download-$*" >&2; exit 1

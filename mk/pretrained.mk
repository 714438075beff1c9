# The models that ship in ser/pretrained/, from the recordings up. To change the model, change these
# two lines; to train on other corpora, change PRETRAINED_TABLE's rule.
PRETRAINED_FEATURES = --preset emotion
PRETRAINED_TRAINING = --arch prosody-cnn --epochs 70 --seed 1

# Folds that are trained at the same time.
CV_JOBS ?= 2

PRETRAINED       := build/pretrained/ravdess.keras
PRETRAINED_TABLE := build/pretrained/ravdess.npy
PRETRAINED_CV    := build/cv

.PHONY: pretrained
#: pretrained CORPORA=...	the shipped model: cross-validated on RAVDESS, then trained on all speakers
# A copy, because the file that a checkout brings looks newer than everything it is made from.
pretrained: $(PRETRAINED)
	cp $< ser/pretrained/

$(PRETRAINED_TABLE): $(CORPORA)/ravdess | $(VENV)/.installed
	@mkdir -p $(@D)
	$(BIN)/ser-extract $< --corpus ravdess --channel speech $(PRETRAINED_FEATURES) -o $@

# The five speaker-independent folds of Luna-Jiménez et al. (2021): these figures stand in the card.
$(PRETRAINED_CV)/.done: $(PRETRAINED_TABLE)
	$(BIN)/ser-train $< $(PRETRAINED_TRAINING) --cv ravdess --jobs $(CV_JOBS) -o $(PRETRAINED_CV)/
	@touch $@

$(PRETRAINED): $(PRETRAINED_TABLE) $(PRETRAINED_CV)/.done
	$(BIN)/ser-train $< $(PRETRAINED_TRAINING) --validation 0 --report $(PRETRAINED_CV) -o $@

TRANSLATOR_TRAINING = --arch gan-translate --epochs 8 --seed 1

TRANSLATOR       := build/pretrained/translate.keras
TRANSLATOR_TABLE := build/pretrained/pairs.npy

.PHONY: translator
#: translator CORPORA=...	the shipped translator, trained on all speakers of RAVDESS
translator: $(TRANSLATOR)
	cp $< ser/pretrained/

$(TRANSLATOR_TABLE): $(CORPORA)/ravdess | $(VENV)/.installed
	@mkdir -p $(@D)
	$(BIN)/ser-extract $< --corpus ravdess --channel speech --preset translate -o $@

$(TRANSLATOR): $(TRANSLATOR_TABLE)
	$(BIN)/ser-train $< $(TRANSLATOR_TRAINING) -o $@

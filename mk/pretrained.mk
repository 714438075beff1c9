# The model that ships in ser/pretrained/, from the recordings up. To change the model, change these
# lines. RAVDESS is what is recognised and cross-validated; TESS and nEMO support it. Copies in noise,
# through telephones and in rooms are what makes the model hear through them.
PRETRAINED_FEATURES = --preset emotion --seed 0
PRETRAINED_RECIPE   = noise:5..25,noise:5..25+telephone,telephone,lowpass,reverb,noise:8..20+reverb
PRETRAINED_TRAINING = --arch prosody-cnn --support tess,nemo --precision bfloat16 --epochs 30 --seed 2

# Folds that are trained at the same time.
CV_JOBS ?= 2

PRETRAINED       := build/pretrained/acted.keras
PRETRAINED_TABLE := build/pretrained/acted.npy
PRETRAINED_PARTS := $(addprefix build/pretrained/,ravdess.npy tess.npy nemo.npy)
PRETRAINED_CV    := build/cv

.PHONY: pretrained
#: pretrained CORPORA=...	the shipped model: cross-validated on RAVDESS, then trained on all speakers
# A copy, because the file that a checkout brings looks newer than everything it is made from.
pretrained: $(PRETRAINED)
	cp $< ser/pretrained/

build/pretrained/ravdess.npy: CLIPS = --channel speech --augment '$(PRETRAINED_RECIPE)' --copies 2
build/pretrained/tess.npy: CLIPS = --augment '$(PRETRAINED_RECIPE)' --copies 1

build/pretrained/%.npy: $(CORPORA)/% | $(VENV)/.installed
	@mkdir -p $(@D)
	$(BIN)/ser-extract $< --corpus $* $(CLIPS) $(PRETRAINED_FEATURES) -o $@

$(PRETRAINED_TABLE): $(PRETRAINED_PARTS)
	$(BIN)/ser-merge $^ -o $@

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

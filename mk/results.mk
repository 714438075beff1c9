# The README's figures of recognition; a day on two cores, minutes to hours on a GPU.

.PHONY: results results-quick
#: results CORPORA=...	every figure of recognition, into benchmarks/results (ONLY=NAME,… for some)
results: $(VENV)/.installed
	$(BIN)/python benchmarks/recognition.py $(CORPORA) --resume $(if $(ONLY),--only $(ONLY))

#: results-quick CORPORA=...	the same with two epochs each, into build/results-quick, to see that it works
results-quick: $(VENV)/.installed
	$(BIN)/python benchmarks/recognition.py $(CORPORA) --quick --resume $(if $(ONLY),--only $(ONLY))

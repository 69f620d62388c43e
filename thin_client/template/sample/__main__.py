import sys

from sample.greeting import greet

print(greet(" ".join(sys.argv[1:])))

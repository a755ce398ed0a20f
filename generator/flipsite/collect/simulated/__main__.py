"""`python -m flipsite.collect.simulated`: serve the simulated endpoint until interrupted."""

import argparse
import sys
import time

from flipsite.collect.simulated import CLASSIFIERS, COINS, Conditions, Endpoint, fair_coin, fault_coins
from flipsite.collect.simulated.server import serving


def main(arguments: list[str] | None = None) -> None:
    """Serve, and print the address that `--api-base` takes."""
    parser = argparse.ArgumentParser(prog="python -m flipsite.collect.simulated", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, metavar="S", help="seconds a completion takes")
    parser.add_argument("--slow", type=float, default=1.0, metavar="S", help="seconds more of the slow coin")
    parser.add_argument("--retry-after", default="1", metavar="S", help="what a rate limit asks for")
    parser.add_argument(
        "--crowd", type=int, default=0, metavar="N", help="serve N fair coins instead of the catalogue"
    )
    parser.add_argument("--classifiers", action="store_true", help="add models that say what models are")
    parser.add_argument("--faults", action="store_true", help="add a coin for each fault")
    options = parser.parse_args(arguments)
    coins = tuple(fair_coin(f"crowd/fair-{n:03d}") for n in range(options.crowd)) or COINS
    endpoint = Endpoint(
        seed=options.seed,
        coins=(
            *coins,
            *(CLASSIFIERS if options.classifiers else ()),
            *(fault_coins() if options.faults else ()),
        ),
        conditions=Conditions(
            latency_s=options.latency, slow_s=options.slow, retry_after=options.retry_after
        ),
    )
    with serving(endpoint, port=options.port) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        try:
            while True:
                time.sleep(3_600)
        except KeyboardInterrupt:
            sys.stderr.write(f"billed ${endpoint.billed_usd():.6f}\n")


if __name__ == "__main__":
    main()

"""Ways into libraries that speak in messages and keep the tokens to themselves. Each module needs its own library.

Libraries that speak Gymnasium need none of them: `gymnasium.make` is their way in.
"""

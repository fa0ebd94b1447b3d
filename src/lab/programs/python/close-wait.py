"""Leaks sockets: the server that it asks hangs up after each answer, and it never closes its own end."""

import socket

from program import counted, run_program

server = socket.create_server(("127.0.0.1", 0))
forgotten = []


def start(rate, size, random):
    due = counted()

    def step(byte_count, seconds):
        for _ in range(due(byte_count)):
            forgotten.append(socket.create_connection(server.getsockname()))
            server.accept()[0].close()

    return step


run_program(start)

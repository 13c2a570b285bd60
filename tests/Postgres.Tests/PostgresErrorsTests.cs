using System.Net.Sockets;
using Npgsql;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

public class PostgresErrorsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Theory]
    [InlineData("08006", true)] // connection failure
    [InlineData("40001", true)] // serialization failure
    [InlineData("40P01", true)] // deadlock
    [InlineData("53100", true)] // disk full
    [InlineData("53200", true)] // out of memory
    [InlineData("53300", true)] // too many connections
    [InlineData("55P03", true)] // lock timeout
    [InlineData("57014", true)] // statement timeout
    [InlineData("57P01", true)] // admin shutdown
    [InlineData("57P03", true)] // starting up
    [InlineData("25006", true)] // read-only, as after a failover
    [InlineData("25P02", false)] // in a failed transaction
    [InlineData("22P02", false)] // invalid text representation
    [InlineData("23505", false)] // unique violation
    [InlineData("28P01", false)] // wrong password
    [InlineData("3D000", false)] // no such database
    [InlineData("42P01", false)] // no such table
    [InlineData("XX001", false)] // corrupted data
    public void Translate_AnErrorOfTheServer_GoesByItsCode(string state, bool transient)
    {
        var error = new PostgresException("it says why", "ERROR", "ERROR", state);

        var translated = PostgresErrors.Translate(error, "Append to topic orders");

        Assert.Equal(transient ? typeof(TransientException) : typeof(TerminalException), translated.GetType());
        Assert.Equal($"Append to topic orders: it says why ({state})", translated.Message);
        Assert.Same(error, translated.InnerException);
    }

    [Fact]
    public void Translate_WhatIsTranslatedOrCancelled_GivesItBack()
    {
        Exception[] errors = [new TransientException("a"), new TerminalException("b"), new OperationCanceledException(), new TaskCanceledException()];

        Assert.All(errors, e => Assert.Same(e, PostgresErrors.Translate(e, "Read")));
    }

    [Fact]
    public void IsTransient_OfOtherErrors_KnowsTheNetwork()
    {
        Assert.True(PostgresErrors.IsTransient(new NpgsqlException("lost", new IOException())));
        Assert.True(PostgresErrors.IsTransient(new NpgsqlException("lost", new SocketException())));
        Assert.True(PostgresErrors.IsTransient(new TimeoutException()));
        Assert.False(PostgresErrors.IsTransient(new InvalidCastException()));
        Assert.False(PostgresErrors.IsTransient(null));
    }

    [Fact]
    public async Task IsTransient_OfABackendThatWasTerminated_IsTrue()
    {
        var database = await postgres.CreateDataSourceAsync();
        await using var connection = await database.OpenConnectionAsync();
        await using var suicide = new NpgsqlCommand("SELECT pg_terminate_backend(pg_backend_pid())", connection);

        var error = await Assert.ThrowsAnyAsync<NpgsqlException>(() => suicide.ExecuteNonQueryAsync());

        Assert.True(PostgresErrors.IsTransient(error));
    }

    [Fact]
    public async Task IsTransient_OfALockTimeout_IsTrue()
    {
        var database = await postgres.CreateDataSourceAsync();
        await using var first = await database.OpenConnectionAsync();
        await using var second = await database.OpenConnectionAsync();
        await using var create = new NpgsqlCommand("CREATE TABLE locked (n int)", first);
        await create.ExecuteNonQueryAsync();
        await using var transaction = await first.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("LOCK TABLE locked", first, transaction);
        await hold.ExecuteNonQueryAsync();
        await using var wait = new NpgsqlCommand("SET lock_timeout = '1ms'; SELECT * FROM locked", second);

        var error = await Assert.ThrowsAsync<PostgresException>(() => wait.ExecuteNonQueryAsync());

        Assert.Equal(PostgresErrorCodes.LockNotAvailable, error.SqlState);
        Assert.True(PostgresErrors.IsTransient(error));
    }

    [Fact]
    public async Task IsTransient_OfAConnectionThatIsRefused_IsTrue()
    {
        await using var database = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=x");

        var error = await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await database.OpenConnectionAsync());

        Assert.True(PostgresErrors.IsTransient(error));
    }
}

using Npgsql;
using Pipeline.Testing;
using Pipeline.Workflows.Infrastructure.CardData;

namespace Pipeline.Workflows.Tests.CardData;

public sealed class CardDataWriterTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Fill_SameSeed_SameRowsInPlaceOfTheOnesBefore()
    {
        await using var dataSource = await postgres.CreateDataSourceAsync();
        var writer = new CardDataWriter(dataSource);
        var rows = await writer.FillAsync(new CardVolume(50, 10, 7), CancellationToken.None);
        var first = await SumAsync(dataSource);
        Assert.Equal(50, rows["cards.associado"]);
        Assert.All(rows, r => Assert.True(r.Value > 0, r.Key));
        Assert.Equal(rows.Values.Sum(), await CountAsync(dataSource));

        await writer.FillAsync(new CardVolume(3, 1, 1), CancellationToken.None);
        Assert.NotEqual(first, await SumAsync(dataSource));
        Assert.Equal(rows, await writer.FillAsync(new CardVolume(50, 10, 7), CancellationToken.None));
        Assert.Equal(first, await SumAsync(dataSource));
    }

    [Fact]
    public async Task Fill_CancelledOnTheWay_LeavesWhatWasThere()
    {
        await using var dataSource = await postgres.CreateDataSourceAsync();
        var writer = new CardDataWriter(dataSource);
        await writer.FillAsync(new CardVolume(5, 3, 1), CancellationToken.None);
        var before = await SumAsync(dataSource);
        await using (var connection = await dataSource.OpenConnectionAsync())
        {
            await using var block = new NpgsqlCommand("begin; lock table cards.movimento in access share mode", connection);
            await block.ExecuteNonQueryAsync();
            using var stop = new CancellationTokenSource();
            var fill = writer.FillAsync(new CardVolume(50, 10, 7), stop.Token);
            await Eventually.TrueAsync(async () =>
            {
                await using var waiting = dataSource.CreateCommand("select count(*) from pg_locks where relation = 'cards.movimento'::regclass and not granted");
                return await waiting.ExecuteScalarAsync() is 1L;
            });
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fill);
        }

        Assert.Equal(before, await SumAsync(dataSource));
    }

    private static async Task<string> SumAsync(NpgsqlDataSource dataSource)
    {
        await using var command = dataSource.CreateCommand("""
            select md5(string_agg(t, '|' order by t)) from (
                select a::text as t from cards.associado a union all select c::text from cards.conta c union all
                select k::text from cards.cartao k union all select m::text from cards.movimento m) as all_rows
            """);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<long> CountAsync(NpgsqlDataSource dataSource)
    {
        await using var command = dataSource.CreateCommand(
            "select (select count(*) from cards.associado) + (select count(*) from cards.conta) + (select count(*) from cards.cartao) + (select count(*) from cards.movimento)");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}

using System.Globalization;
using Bogus;
using Npgsql;
using NpgsqlTypes;
using Pipeline.Postgres;

namespace Pipeline.Workflows.Infrastructure.CardData;

/// <summary>How much to make up.</summary>
/// <param name="Associates">Associates, at least 1; each has one or two accounts, each account one or two cards.</param>
/// <param name="TransactionsPerCard">The mean number of transactions of a card.</param>
/// <param name="Seed">The same seed and numbers make up the same rows.</param>
internal sealed record CardVolume(int Associates, int TransactionsPerCard, int Seed);

/// <summary>
/// The four source tables of the workflow <c>card-transactions</c> in schema <c>cards</c>, with made-up rows. They are filled in one transaction, so that there is all of
/// a volume or all of the one before.
/// </summary>
internal sealed class CardDataWriter(NpgsqlDataSource dataSource)
{
    private const string Tables = """
        create schema if not exists cards;
        create table if not exists cards.associado (
            id int primary key, nome text not null, sobrenome text not null, idade int not null, email text not null);
        create table if not exists cards.conta (
            id int primary key, tipo char(2) not null check (tipo in ('CC', 'CP')), data_criacao timestamp not null, id_associado int not null references cards.associado);
        create table if not exists cards.cartao (
            id int primary key, num_cartao text not null, nom_impresso text not null, id_conta int not null references cards.conta,
            id_associado int not null references cards.associado, data_criacao timestamp not null);
        create table if not exists cards.movimento (
            id bigint primary key, valor_transacao numeric(10, 2) not null, des_transacao text not null, data_movimento timestamp not null,
            id_cartao int not null references cards.cartao);
        truncate cards.movimento, cards.cartao, cards.conta, cards.associado;
        """;

    // All dates lie before it, so that what is made up does not depend on the day.
    private static readonly DateTime _end = new(2026, 1, 1);

    /// <summary>Replaces what is in the tables; returns the rows of each, by name.</summary>
    public async Task<IReadOnlyDictionary<string, long>> FillAsync(CardVolume volume, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using (var command = new NpgsqlCommand(Tables, connection, transaction))
                await command.ExecuteNonQueryAsync(cancellationToken);
            var faker = new Faker("pt_BR") { Random = new Randomizer(volume.Seed) };
            var associates = MakeAssociates(faker, volume.Associates);
            var accounts = MakeAccounts(faker, associates);
            var cards = MakeCards(faker, accounts, associates);
            await CopyAsync(connection, "cards.associado (id, nome, sobrenome, idade, email)", associates, WriteAsync, cancellationToken);
            await CopyAsync(connection, "cards.conta (id, tipo, data_criacao, id_associado)", accounts, WriteAsync, cancellationToken);
            await CopyAsync(connection, "cards.cartao (id, num_cartao, nom_impresso, id_conta, id_associado, data_criacao)", cards, WriteAsync, cancellationToken);
            var transactions = await CopyAsync(
                connection, "cards.movimento (id, valor_transacao, des_transacao, data_movimento, id_cartao)", MakeTransactions(faker, cards, volume.TransactionsPerCard), WriteAsync, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Dictionary<string, long>
            {
                ["cards.associado"] = associates.Count, ["cards.conta"] = accounts.Count, ["cards.cartao"] = cards.Count, ["cards.movimento"] = transactions,
            };
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, "Filling the card tables");
        }
    }

    private static List<Associate> MakeAssociates(Faker faker, int count)
    {
        var associates = new List<Associate>(count);
        for (var id = 1; id <= count; id++)
        {
            var (first, last) = (faker.Name.FirstName(), faker.Name.LastName());
            var email = faker.Internet.Email(first, last, "example.org", id.ToString(CultureInfo.InvariantCulture));
            associates.Add(new Associate(id, first, last, faker.Random.Int(18, 90), email));
        }

        return associates;
    }

    private static List<Account> MakeAccounts(Faker faker, List<Associate> associates)
    {
        var accounts = new List<Account>();
        foreach (var associate in associates)
        {
            for (var n = faker.Random.Int(1, 2); n > 0; n--)
                accounts.Add(new Account(accounts.Count + 1, faker.Random.Bool() ? "CC" : "CP", Before(faker, _end, 3_650), associate.Id));
        }

        return accounts;
    }

    private static List<Card> MakeCards(Faker faker, List<Account> accounts, List<Associate> associates)
    {
        var cards = new List<Card>();
        foreach (var account in accounts)
        {
            var owner = associates[account.Associate - 1];
            for (var n = faker.Random.Int(1, 2); n > 0; n--)
            {
                var printed = $"{owner.FirstName} {owner.LastName}".ToUpperInvariant();
                cards.Add(new Card(cards.Count + 1, faker.Random.ReplaceNumbers("5###############"), printed, account.Id, owner.Id, Between(faker, account.Created, _end)));
            }
        }

        return cards;
    }

    private static IEnumerable<Transaction> MakeTransactions(Faker faker, List<Card> cards, int perCard)
    {
        // As many names as a town has shops: transactions are too many to make one up for each.
        string[] shops = [.. Enumerable.Range(0, 200).Select(_ => faker.Company.CompanyName())];
        var id = 0L;
        foreach (var card in cards)
        {
            for (var n = faker.Random.Int(0, 2 * perCard); n > 0; n--)
                yield return new Transaction(++id, decimal.Round(faker.Random.Decimal(1, 5_000), 2), faker.PickRandom(shops), Between(faker, card.Created, _end), card.Id);
        }
    }

    private static DateTime Before(Faker faker, DateTime end, int days) => end.AddSeconds(-faker.Random.Int(1, days * 86_400));

    private static DateTime Between(Faker faker, DateTime start, DateTime end) => start.AddSeconds(faker.Random.Int(0, (int)Math.Max(0, (end - start).TotalSeconds - 1)));

    private static async Task<long> CopyAsync<T>(
        NpgsqlConnection connection, string target, IEnumerable<T> rows, Func<NpgsqlBinaryImporter, T, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        await using var importer = await connection.BeginBinaryImportAsync($"copy {target} from stdin (format binary)", cancellationToken);
        foreach (var row in rows)
        {
            await importer.StartRowAsync(cancellationToken);
            await write(importer, row, cancellationToken);
        }

        return (long)await importer.CompleteAsync(cancellationToken);
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter importer, Associate row, CancellationToken cancellationToken)
    {
        await importer.WriteAsync(row.Id, cancellationToken);
        await importer.WriteAsync(row.FirstName, cancellationToken);
        await importer.WriteAsync(row.LastName, cancellationToken);
        await importer.WriteAsync(row.Age, cancellationToken);
        await importer.WriteAsync(row.Email, cancellationToken);
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter importer, Account row, CancellationToken cancellationToken)
    {
        await importer.WriteAsync(row.Id, cancellationToken);
        await importer.WriteAsync(row.Kind, NpgsqlDbType.Char, cancellationToken);
        await importer.WriteAsync(row.Created, NpgsqlDbType.Timestamp, cancellationToken);
        await importer.WriteAsync(row.Associate, cancellationToken);
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter importer, Card row, CancellationToken cancellationToken)
    {
        await importer.WriteAsync(row.Id, cancellationToken);
        await importer.WriteAsync(row.Number, cancellationToken);
        await importer.WriteAsync(row.Printed, cancellationToken);
        await importer.WriteAsync(row.Account, cancellationToken);
        await importer.WriteAsync(row.Associate, cancellationToken);
        await importer.WriteAsync(row.Created, NpgsqlDbType.Timestamp, cancellationToken);
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter importer, Transaction row, CancellationToken cancellationToken)
    {
        await importer.WriteAsync(row.Id, cancellationToken);
        await importer.WriteAsync(row.Amount, cancellationToken);
        await importer.WriteAsync(row.Description, cancellationToken);
        await importer.WriteAsync(row.At, NpgsqlDbType.Timestamp, cancellationToken);
        await importer.WriteAsync(row.Card, cancellationToken);
    }

    private sealed record Associate(int Id, string FirstName, string LastName, int Age, string Email);

    private sealed record Account(int Id, string Kind, DateTime Created, int Associate);

    private sealed record Card(int Id, string Number, string Printed, int Account, int Associate, DateTime Created);

    private sealed record Transaction(long Id, decimal Amount, string Description, DateTime At, int Card);
}

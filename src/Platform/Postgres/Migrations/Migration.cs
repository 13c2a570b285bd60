namespace Pipeline.Postgres.Migrations;

/// <summary>One step of a module's schema.</summary>
/// <param name="Number">Its place, from 1 on without gaps.</param>
/// <param name="Name">What it does, from its file's name.</param>
/// <param name="Sql">Its statements.</param>
/// <param name="Checksum">SHA-256 of the statements with line ends of LF, in hexadecimal.</param>
internal sealed record Migration(int Number, string Name, string Sql, string Checksum);

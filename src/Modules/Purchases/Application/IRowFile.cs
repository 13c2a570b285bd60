namespace Pipeline.Purchases.Application;

/// <summary>Newline-delimited JSON on its way to the engine: written from the front to the end, then read by name, then written anew.</summary>
internal interface IRowFile : IDisposable
{
    /// <summary>The name by which this process can open the file.</summary>
    string Path { get; }

    /// <summary>The bytes written since <see cref="Reset"/>.</summary>
    long Length { get; }

    /// <summary>Adds to the end.</summary>
    /// <exception cref="TransientException">There is no space.</exception>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Cuts off what an earlier, longer use left behind. The file may be read from then on.</summary>
    void Complete();

    /// <summary>Starts anew.</summary>
    void Reset();
}
